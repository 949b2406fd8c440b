"""The lab of the media of Zoom's and Teams' own programs: the three hosts, and addresses where such media may go. What
answers there a case brings along."""

from lab import Lab
from topology import MEET, SERVED, TEAMS, ZOOM, Dual, ip_batch, on_loopback

# Documentation addresses: what belongs to none of the services.
FOREIGN = Dual("203.0.113.44", "2001:db8:44::44")
PEER = Dual("198.51.100.60", "2001:db8:77::60")
# A queue is chosen by the addresses: flows to so many peers are not all one worker's.
MANY_PEERS = Dual([f"198.51.100.{64 + number}" for number in range(8)],
                  [f"2001:db8:77::{64 + number}" for number in range(8)])
# In ranges that services share with others. Of Zoom's the catalogue says nothing: they are a CDN's.
TEAMS_SHARED = "2603:1027::10"
MEET_SHARED = Dual("74.125.247.128", "2001:4860:4864:4:8000::")
ZOOM_CDN = Dual("52.84.151.7", "2600:9000:2600::7")
HOSTS = (*ZOOM, *TEAMS, *MEET, *FOREIGN, *PEER, *MANY_PEERS.v4, *MANY_PEERS.v6, TEAMS_SHARED, *MEET_SHARED, *ZOOM_CDN)

NOBODYS_PORT = 40123


class MediaLab(Lab):
    def _serve(self):
        ip_batch(self.server, "".join(on_loopback(address) for address in HOSTS if address not in SERVED))
