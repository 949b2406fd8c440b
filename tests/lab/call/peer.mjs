// The other end of the lab's calls: `node peer.mjs PORT`. As a LiveKit server it has one address with a range of
// UDP ports and TCP port 7881, answers an offer at once, and here sends back the audio and video that it gets.
//
//   GET  /call                             the page
//   POST /call/ADDRESS?transport=udp,tcp   takes an offer, gives the answer with candidates at this address

import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { RTCPeerConnection } from 'werift';

const MEDIA_PORTS = [50000, 60000];
const TCP_PORT = 7881;
const WHOLE_PICTURE_EVERY = 1000; // ms

const page = fs.readFileSync(new URL('page.html', import.meta.url));
const mediaPorts = new Map(); // the user fragment of a call -> its UDP port
const listening = new Set(); // addresses

http.createServer(async (request, response) => {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end(page);
    return;
  }
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://peer');
    const answer = await answerTo(await textOf(request), pathname.split('/')[2],
                                  searchParams.get('transport').split(','));
    response.end(answer);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error.stack));
  }
}).listen(Number(process.argv[2]), '127.0.0.1');

async function textOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

async function answerTo(offer, address, transports) {
  const connection = new RTCPeerConnection({
    iceServers: [], // without it werift asks stun.l.google.com
    icePortRange: MEDIA_PORTS,
    iceUseIpv6: false,
    iceInterfaceAddresses: { udp4: address },
    iceAdditionalHostAddresses: [address],
  });
  connection.onRemoteTransceiverAdded.subscribe(async transceiver => {
    const [track] = await transceiver.onTrack.asPromise();
    await transceiver.sender.replaceTrack(track);
    if (track.kind === 'video') {
      // The page asks the peer for a whole picture after a loss, and the peer has none but the page's.
      const timer = setInterval(() => {
        if (connection.connectionState === 'closed') clearInterval(timer);
        else transceiver.receiver.sendRtcpPLI(track.ssrc);
      }, WHOLE_PICTURE_EVERY);
    }
  });
  // Over TCP alone the peer must not know where the page's UDP is: it would ask there.
  const heard = transports.includes('udp') ? offer : offer.replaceAll(/a=candidate.*\r\n/g, '');
  await connection.setRemoteDescription({ type: 'offer', sdp: heard });
  await connection.setLocalDescription(await connection.createAnswer());
  return withCandidates(connection.localDescription.sdp, address, transports);
}

// werift names every address of the machine: only the ones asked for stay.
function withCandidates(sdp, address, transports) {
  const fragment = sdp.match(/a=ice-ufrag:(\S+)/)[1];
  return sdp.split('\r\n').flatMap(line => {
    if (!line.startsWith('a=candidate')) return [line];
    const [, , , , ip, port] = line.split(' ');
    if (ip !== address) return [];
    mediaPorts.set(fragment, Number(port));
    listen(address);
    const candidates = { udp: line, tcp: `a=candidate:7881 1 tcp 1518280447 ${address} ${TCP_PORT} typ host tcptype passive` };
    return transports.map(transport => candidates[transport]);
  }).join('\r\n');
}

// ICE over TCP (RFC 6544), which werift does not know: the frames of RFC 4571 become datagrams to the UDP port of
// the call that the first of them names (RFC 8445 7.1.3: USERNAME is the peer's fragment, a colon, one's own).
function listen(address) {
  if (listening.has(address)) return;
  listening.add(address);
  net.createServer(stream => {
    const media = dgram.createSocket('udp4');
    let target;
    let pending = Buffer.alloc(0);
    stream.on('data', data => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
        const end = 2 + pending.readUInt16BE();
        const message = pending.subarray(2, end);
        target ??= [...mediaPorts].find(([fragment]) => message.includes(`${fragment}:`))?.[1];
        if (!target) return stream.destroy();
        media.send(message, target, address);
        pending = pending.subarray(end);
      }
    });
    media.on('message', message => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      stream.write(Buffer.concat([length, message]));
    });
    stream.on('error', () => {}); // a refused flow is reset
    stream.on('close', () => media.close());
    media.bind(0, address);
  }).listen(TCP_PORT, address);
}
