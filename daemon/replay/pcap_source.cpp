#include "daemon/replay/pcap_source.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <pcap/pcap.h>

#include "classifiers/base/shared_library.hpp"
#include "classifiers/net/link_layer.hpp"

namespace octroi {

// What octroi calls of libpcap.
struct PcapSource::LibPcap {
    decltype(pcap_open_offline_with_tstamp_precision)* open_offline = nullptr;
    decltype(pcap_datalink)* datalink = nullptr;
    decltype(pcap_next_ex)* next = nullptr;
    decltype(pcap_geterr)* geterr = nullptr;
    decltype(pcap_close)* close = nullptr;

    static std::expected<LibPcap, std::string> load() {
        auto library = SharedLibrary::open("libpcap.so.0.8", "libpcap0.8");
        if (!library)
            return std::unexpected(library.error());
        LibPcap pcap;
        library->find(pcap.open_offline, "pcap_open_offline_with_tstamp_precision");
        library->find(pcap.datalink, "pcap_datalink");
        library->find(pcap.next, "pcap_next_ex");
        library->find(pcap.geterr, "pcap_geterr");
        library->find(pcap.close, "pcap_close");
        if (!library->missing().empty())
            return std::unexpected(fmt::format("libpcap.so.0.8 has no {}()", library->missing()));
        return pcap;
    }

    static const std::expected<LibPcap, std::string>& get() {
        static const auto loaded = load();
        return loaded;
    }
};

std::optional<Bytes> ip_packet_of(Bytes frame, int link_type) {
    ByteReader reader(frame);
    switch (link_type) {
        case DLT_EN10MB:
            return in_ethernet(reader);
        case DLT_IEEE802_11_RADIO: {
            reader.u16();  // version
            const std::size_t low = reader.u8();
            const std::size_t length = low | std::size_t{reader.u8()} << 8U;
            reader.bytes(std::max<std::size_t>(length, 4) - 4);
            return in_wireless(reader);
        }
        case DLT_IEEE802_11:
            return in_wireless(reader);
        case DLT_LINUX_SLL: {
            reader.bytes(14);
            const std::uint16_t type = reader.u16();
            return after_ethertype(reader, type);
        }
        case DLT_LINUX_SLL2: {
            const std::uint16_t type = reader.u16();
            reader.bytes(18);
            return after_ethertype(reader, type);
        }
        case DLT_NULL:
        case DLT_LOOP:
            reader.u32();  // address family in the byte order of some machine: the IP version tells
            break;
        case DLT_PPP:
            return in_ppp(reader);
        case DLT_PPP_ETHER:
            reader.bytes(6);
            return in_ppp(reader);
        default:  // raw IP, under its various numbers
            break;
    }
    return reader.ok() && !reader.empty() ? std::optional(reader.rest()) : std::nullopt;
}

void PcapSource::Closer::operator()(pcap* capture) const {
    LibPcap::get()->close(capture);
}

std::expected<PcapSource, std::string> PcapSource::open(const std::string& path) {
    const auto& lib = LibPcap::get();
    if (!lib)
        return std::unexpected(fmt::format("{}: {}", path, lib.error()));
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    Capture capture(lib->open_offline(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data()));
    if (!capture) {
        const std::string_view why = error.data();  // names a file that is not there
        return std::unexpected(why.starts_with(path) ? std::string(why)
                                                     : fmt::format("{}: {}", path, why));
    }
    const int link_type = lib->datalink(capture.get());
    switch (link_type) {
        case DLT_EN10MB:
        case DLT_IEEE802_11:
        case DLT_IEEE802_11_RADIO:
        case DLT_LINUX_SLL:
        case DLT_LINUX_SLL2:
        case DLT_NULL:
        case DLT_LOOP:
        case DLT_PPP:
        case DLT_PPP_ETHER:
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6:
            return PcapSource(std::move(capture), link_type);
        default:
            return std::unexpected(
                fmt::format("{}: link type {} is not one that octroi reads", path, link_type));
    }
}

std::expected<std::optional<PcapSource::Captured>, std::string> PcapSource::next() {
    const auto& lib = *LibPcap::get();
    while (true) {
        pcap_pkthdr* header = nullptr;
        const u_char* data = nullptr;
        const int result = lib.next(capture_.get(), &header, &data);
        if (result == PCAP_ERROR_BREAK)
            return std::nullopt;
        if (result != 1)
            return std::unexpected(std::string(lib.geterr(capture_.get())));
        const auto ip_packet = ip_packet_of(Bytes(data, header->caplen), link_type_);
        if (!ip_packet)
            continue;
        // A capture may tell any time, also fractions below 0 and over a second; nanoseconds of 64
        // bits reach to the year 2262.
        constexpr std::int64_t last_second = 9'000'000'000;
        constexpr std::int64_t last_fraction = 999'999'999;
        const auto second = std::clamp<std::int64_t>(header->ts.tv_sec, 0, last_second);
        const auto fraction = std::clamp<std::int64_t>(header->ts.tv_usec, 0, last_fraction);
        const auto since_epoch = std::chrono::seconds(second) + std::chrono::nanoseconds(fraction);
        const Time time(since_epoch);
        if (const auto packet = decapsulator_->innermost(*ip_packet, time))
            return Captured{.ip_packet = *packet, .context = {.time = time}};
    }
}

}  // namespace octroi
