#include "daemon/replay/replay.hpp"

#include <chrono>
#include <filesystem>
#include <optional>

#include <absl/container/flat_hash_map.h>

#include "daemon/engine/pipeline.hpp"
#include "daemon/replay/pcap_source.hpp"
#include "daemon/replay/receivers.hpp"

namespace octroi {
namespace {

// A capture may hold more flows at once than a gateway keeps; a tool may take the memory for them.
constexpr std::size_t flow_limit = 4'000'000;
constexpr std::size_t buffer_limit = 1UL << 30U;
constexpr std::chrono::hours forever{24 * 365 * 100};

// The flows of a capture in order of their first packets.
class Ledger {
  public:
    /// `superseded`: of the connection that had the ports of the step's flow before it.
    void note(const Pipeline::Step& step, std::optional<FlowRecord> superseded) {
        if (step.flow == nullptr)
            return;
        if (superseded)
            close(step.flow->key, std::move(*superseded));
        const auto [known, fresh] = open_.try_emplace(step.flow->key, records_.size());
        if (fresh)
            records_.emplace_back();
    }

    void close(const FlowKey& key, FlowRecord record) {
        const auto found = open_.find(key);
        records_[found->second] = std::move(record);
        open_.erase(found);
    }

    [[nodiscard]] std::vector<FlowRecord> take() { return std::move(records_); }

  private:
    absl::flat_hash_map<FlowKey, std::size_t> open_;
    std::vector<FlowRecord> records_;
};

// What can be read once alone (a pipe) tells nothing of its receivers beforehand.
std::optional<Receivers> receivers_of(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return std::nullopt;
    auto receivers = Receivers::of(path);
    return receivers ? std::optional(std::move(*receivers)) : std::nullopt;
}

}  // namespace

std::expected<Replayed, std::string> replay_capture(const std::string& path, const Ruleset& ruleset,
                                                    SeriesRegistry& registry) {
    const auto receivers = receivers_of(path);
    auto source = PcapSource::open(path);
    if (!source)
        return std::unexpected(std::move(source.error()));
    const Pipeline::Settings settings{.flows = {.limit = flow_limit, .idle_timeout = forever},
                                      .buffer_limit = buffer_limit,
                                      .mark = MarkLayout(),
                                      .observe = Observe::to_end};
    Pipeline pipeline(settings, PipelineSeries(registry, 0), registry.worker(0));
    Replayed result{.read_once = !receivers};
    Ledger ledger;
    while (true) {
        const auto read = source->next();
        if (!read)
            result.cut_off = read.error();
        const auto captured = read.value_or(std::nullopt);
        if (!captured)
            break;
        if (receivers && receivers->discard(captured->ip_packet)) {
            ++result.discarded;
            continue;
        }
        const Pipeline::Step step =
            pipeline.process(captured->ip_packet, captured->context, ruleset);
        ++result.packets;
        result.malformed += step.malformed ? 1 : 0;
        ledger.note(step, pipeline.take_superseded());
    }
    pipeline.flows().for_each(
        [&](Flow& flow) { ledger.close(flow.key, pipeline.conclude(flow, ruleset)); });
    result.flows = ledger.take();
    result.lost_fragments = source->lost_fragments();
    return result;
}

}  // namespace octroi
