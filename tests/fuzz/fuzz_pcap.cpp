// Property: any file is a capture whose packets come to an end, or an error with a text; time never
// leaves what 64 bits of nanoseconds hold, and any octets under any link type hold an IP packet
// that is their end, or none.
#include "daemon/replay/pcap_source.hpp"
#include "tests/fuzz/memory_file.hpp"

using octroi::Bytes;
using octroi::ip_packet_of;
using octroi::PcapSource;
using octroi::fuzz::inside;
using octroi::fuzz::require;

namespace {

constexpr octroi::Time last_time{std::chrono::seconds(9'000'000'001)};

void check_frame(Bytes frame, int link_type) {
    const auto packet = ip_packet_of(frame, link_type);
    if (!packet)
        return;
    require(!packet->empty() && inside(*packet, frame));
    require(packet->data() + packet->size() == frame.data() + frame.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const Bytes input(data, size);
    check_frame(input.subspan(1), input[0]);

    static const octroi::fuzz::MemoryFile file;
    file.write(input.subspan(1));
    auto source = PcapSource::open(file.path());
    if (!source) {
        require(!source.error().empty());
        return 0;
    }
    // The smallest packet of a capture has a header of 16 octets.
    for (std::size_t packets = 0;; ++packets) {
        require(packets <= size / 16);
        const auto captured = source->next();
        if (!captured)
            require(!captured.error().empty());
        if (!captured || !*captured)
            return 0;
        const auto time = (*captured)->context.time;
        require(time >= octroi::Time() && time < last_time);
        require(!(*captured)->ip_packet.empty());
    }
}
