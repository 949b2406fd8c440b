#pragma once

#include <vector>

#include "tests/unit/wire.hpp"

namespace octroi {

inline constexpr int raw_ip = 101;  ///< LINKTYPE_RAW: frames start at the IP header

struct CapturedFrame {
    std::uint32_t seconds = 0;
    std::uint32_t fraction = 0;  ///< micro- or nanoseconds
    wire::Buffer frame;
};

struct PcapFormat {
    bool little_endian = false;
    bool nanoseconds = false;
};

/// A capture file of the classic format (draft-ietf-opsawg-pcap 4, 5).
[[nodiscard]] inline wire::Buffer pcap_file(int link_type, const std::vector<CapturedFrame>& frames,
                                            const PcapFormat& format = {}) {
    wire::Fields file;
    const auto u32 = [&](std::size_t value) {
        file.u32(format.little_endian ? __builtin_bswap32(static_cast<std::uint32_t>(value))
                                      : value);
    };
    const auto u16 = [&](std::size_t value) {
        file.u16(format.little_endian ? __builtin_bswap16(static_cast<std::uint16_t>(value))
                                      : value);
    };
    u32(format.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);  // magic number
    u16(2);                                             // major version
    u16(4);                                             // minor version
    u32(0);                                             // reserved
    u32(0);                                             // reserved
    u32(262144);                                        // snap length
    u32(static_cast<std::size_t>(link_type));           // link type
    for (const CapturedFrame& frame : frames) {
        u32(frame.seconds);
        u32(frame.fraction);
        u32(frame.frame.size());  // captured length
        u32(frame.frame.size());  // original length
        file.bytes(frame.frame);
    }
    return file.take();
}

/// A pcapng file of one packet (draft-ietf-opsawg-pcapng 4). `resolution`: a unit of time is
/// 10^-resolution seconds.
[[nodiscard]] inline wire::Buffer pcapng_file(int link_type, std::uint8_t resolution,
                                              std::uint64_t time, wire::Buffer packet) {
    const std::size_t length = packet.size();
    packet.resize((length + 3) / 4 * 4);
    const auto block = [](std::size_t type, const wire::Buffer& body) {
        return wire::Fields()
            .u32(type)
            .u32(body.size() + 12)  // length of the block
            .bytes(body)
            .u32(body.size() + 12)
            .take();
    };
    const wire::Buffer section = wire::Fields()
                                     .u32(0x1a2b3c4d)  // byte order
                                     .u16(1)           // major version
                                     .u16(0)           // minor version
                                     .fill(8, 0xff)    // section length: not known
                                     .take();
    const wire::Buffer interface = wire::Fields()
                                       .u16(static_cast<std::size_t>(link_type))
                                       .u16(0)          // reserved
                                       .u32(0)          // snap length: no limit
                                       .u16(9)          // option if_tsresol
                                       .u16(1)          // of one octet
                                       .u8(resolution)  //
                                       .fill(3)         // padding
                                       .u32(0)          // end of options
                                       .take();
    const wire::Buffer enhanced = wire::Fields()
                                      .u32(0)            // interface
                                      .u32(time >> 32U)  // timestamp, high
                                      .u32(time)         // timestamp, low
                                      .u32(length)       // captured length
                                      .u32(length)       // original length
                                      .bytes(packet)
                                      .take();
    return wire::Fields()
        .bytes(block(0x0a0d0d0a, section))
        .bytes(block(1, interface))
        .bytes(block(6, enhanced))
        .take();
}

/// A capture of IP packets, a millisecond apart.
[[nodiscard]] inline wire::Buffer capture_of(const std::vector<wire::Buffer>& packets) {
    std::vector<CapturedFrame> frames;
    for (const wire::Buffer& packet : packets)
        frames.push_back({.seconds = 1'000'000,
                          .fraction = static_cast<std::uint32_t>(1000 * frames.size()),
                          .frame = packet});
    return pcap_file(raw_ip, frames);
}

}  // namespace octroi
