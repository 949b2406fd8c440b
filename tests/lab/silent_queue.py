"""The socket of an NFQUEUE whose owner receives packets and never answers, as a process that died at a bad moment."""

import socket
import struct

NETLINK_NETFILTER = 12
CONFIGURE = 3 << 8 | 2  # NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG
REQUEST_ACKNOWLEDGED = 0x5
COMMAND, PARAMETERS = 1, 2  # NFQA_CFG_CMD, NFQA_CFG_PARAMS
BIND, COPY_PACKET = 1, 2


def bind_silent_queue(namespace, number):
    """A socket that owns the queue and gets whole packets."""
    queue = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    queue.bind((0, 0))
    for attribute, value in ((COMMAND, struct.pack("!BBH", BIND, 0, socket.AF_INET)),
                             (PARAMETERS, struct.pack("!IB", 0xFFFF, COPY_PACKET))):
        body = struct.pack("!BBH", socket.AF_UNSPEC, 0, number) + struct.pack("=HH", 4 + len(value), attribute) + value
        body += bytes(-len(body) % 4)
        queue.send(struct.pack("=IHHII", 16 + len(body), CONFIGURE, REQUEST_ACKNOWLEDGED, 0, 0) + body)
        error = struct.unpack_from("=i", queue.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"queue {number} can't be configured")
    return queue
