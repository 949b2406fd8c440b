#include "daemon/replay/receivers.hpp"

#include "daemon/replay/pcap_source.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_receivers = 4'000'000;  // those beyond are believed

}  // namespace

void Receivers::Count::add(Checksum checksum) {
    right += checksum == Checksum::right ? 1 : 0;
    wrong += checksum == Checksum::wrong ? 1 : 0;
}

std::expected<Receivers, std::string> Receivers::of(const std::string& path) {
    auto source = PcapSource::open(path);
    if (!source)
        return std::unexpected(std::move(source.error()));
    Receivers receivers;
    while (true) {
        const auto captured = source->next().value_or(std::nullopt);
        if (!captured)
            return receivers;
        receivers.note(captured->ip_packet);
    }
}

void Receivers::note(Bytes ip_packet) {
    const auto packet = decode_packet(ip_packet, {});
    if (!packet)
        return;
    if (flows_.size() >= max_receivers && !flows_.contains(packet->key))
        return;
    const Checksums checksums = checksums_of(*packet, ip_packet);
    Counts& counts = flows_[packet->key][static_cast<std::size_t>(packet->direction)];
    counts[header].add(checksums.header);
    counts[packet->payload.empty() ? bare : payload].add(checksums.transport);
}

bool Receivers::discard(Bytes ip_packet) const {
    const auto packet = decode_packet(ip_packet, {});
    const auto flow = packet ? flows_.find(packet->key) : flows_.end();
    if (flow == flows_.end())
        return false;
    const Checksums checksums = checksums_of(*packet, ip_packet);
    const Counts& counts = flow->second[static_cast<std::size_t>(packet->direction)];
    const Count& transport = counts[packet->payload.empty() ? bare : payload];
    return (checksums.header == Checksum::wrong && counts[header].proven()) ||
           (checksums.transport == Checksum::wrong && transport.proven());
}

}  // namespace octroi
