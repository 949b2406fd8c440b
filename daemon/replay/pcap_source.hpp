#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "classifiers/net/decapsulation.hpp"
#include "classifiers/net/packet.hpp"

struct pcap;

namespace octroi {

/// Reads the IP packets of a capture file (pcap or pcapng) through libpcap.
class PcapSource {
  public:
    struct Captured {
        Bytes ip_packet;  ///< borrowed until the next call of next()
        PacketContext context;
    };

    /// Opens `path`; "-" is stdin. The error says what is wrong with the file.
    [[nodiscard]] static std::expected<PcapSource, std::string> open(const std::string& path);

    /// The next IP packet; empty at the end. Frames that hold no IP are skipped. A file that is cut
    /// off ends with an error, after everything before the cut. Of fragments the datagram is given,
    /// of tunnels what is inside (classifiers/net/decapsulation.hpp).
    [[nodiscard]] std::expected<std::optional<Captured>, std::string> next();

    /// Packets so far that were fragments of no whole datagram.
    [[nodiscard]] std::uint64_t lost_fragments() const { return decapsulator_->lost_fragments(); }

  private:
    struct LibPcap;

    struct Closer {
        void operator()(pcap* capture) const;
    };

    using Capture = std::unique_ptr<pcap, Closer>;

    PcapSource(Capture capture, int link_type)
        : capture_(std::move(capture)),
          link_type_(link_type),
          decapsulator_(std::make_unique<Decapsulator>()) {}

    Capture capture_;
    int link_type_;
    std::unique_ptr<Decapsulator> decapsulator_;
};

/// The IP packet inside a link-layer frame, or nothing where it holds none. `link_type` is a
/// LINKTYPE_ value as libpcap gives it (DLT_): Ethernet and what after_ethertype() knows, raw IP,
/// BSD loopback, Linux cooked v1 and v2, PPP, IEEE 802.11 with and without radiotap.
[[nodiscard]] std::optional<Bytes> ip_packet_of(Bytes frame, int link_type);

}  // namespace octroi
