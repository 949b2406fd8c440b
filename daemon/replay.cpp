#include "daemon/replay.hpp"

#include <chrono>

#include <absl/container/flat_hash_map.h>

#include "daemon/pcap_source.hpp"
#include "daemon/pipeline.hpp"

namespace octroi {
namespace {

// A capture may hold more flows at once than a gateway keeps; a tool may take the memory for them.
constexpr std::size_t flow_limit = 4'000'000;
constexpr std::size_t buffer_limit = 1UL << 30U;
constexpr std::chrono::hours forever{24 * 365 * 100};

// The packet at which each flow was decided, in order of the flows' first packets.
class Decisions {
  public:
    void note(const Pipeline::Step& step) {
        if (step.flow == nullptr)
            return;
        const auto [known, fresh] = order_.try_emplace(step.flow->key, decided_at_.size());
        if (fresh)
            decided_at_.push_back(0);
        if (step.record)
            decided_at_[known->second] = step.record->decided_at_packet;
    }

    [[nodiscard]] std::size_t position(const FlowKey& key) const { return order_.at(key); }

    [[nodiscard]] std::uint32_t decided_at(std::size_t position) const {
        return decided_at_[position];
    }

    [[nodiscard]] std::size_t size() const { return decided_at_.size(); }

  private:
    absl::flat_hash_map<FlowKey, std::size_t> order_;
    std::vector<std::uint32_t> decided_at_;
};

}  // namespace

std::expected<Replayed, std::string> replay_capture(const std::string& path, const Ruleset& ruleset,
                                                    SeriesRegistry& registry) {
    auto source = PcapSource::open(path);
    if (!source)
        return std::unexpected(std::move(source.error()));
    const Pipeline::Settings settings{.flows = {.limit = flow_limit, .idle_timeout = forever},
                                      .buffer_limit = buffer_limit,
                                      .mark = MarkLayout(),
                                      .observe = Observe::to_end};
    Pipeline pipeline(settings, PipelineSeries(registry, 0), registry.worker(0));
    Replayed result;
    Decisions decisions;
    while (true) {
        const auto read = source->next();
        if (!read)
            result.cut_off = read.error();
        const auto captured = read.value_or(std::nullopt);
        if (!captured)
            break;
        const Pipeline::Step step =
            pipeline.process(captured->ip_packet, captured->context, ruleset);
        ++result.packets;
        result.malformed += step.malformed ? 1 : 0;
        decisions.note(step);
    }
    result.flows.resize(decisions.size());
    pipeline.flows().for_each([&](Flow& flow) {
        const std::size_t position = decisions.position(flow.key);
        result.flows[position] = pipeline.conclude(flow, ruleset);
        result.flows[position].decided_at_packet = decisions.decided_at(position);
    });
    return result;
}

}  // namespace octroi
