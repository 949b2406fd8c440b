// Property: any packets, at any times, with any marks, get a verdict and a count each; the flow
// table keeps its limit, and a decided flow keeps its verdict while it is known.
//
// An input is a list of packets: an octet of control, two of length, the IP packet.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "tests/fuzz/property.hpp"
#include "tests/unit/gate.hpp"

using octroi::ByteReader;
using octroi::Bytes;
using octroi::Flow;
using octroi::FlowKey;
using octroi::FlowTable;
using octroi::Gate;
using octroi::MarkState;
using octroi::Pipeline;
using octroi::Verdict;
using octroi::fuzz::require;
using octroi::wire::Buffer;

namespace {

constexpr std::size_t flow_limit = 8;
constexpr std::size_t buffer_limit = 64UL * 1024;

// Names, addresses, categories and zones, so that verdicts come early and late; nDPI looks at every
// flow, and DNS answers are edited.
constexpr std::string_view policy =
    "octroi: 1\n"
    "zones: {exempt: {networks: [10.9.0.0/16]}, ministry: {networks: [10.0.0.0/8]}}\n"
    "rules:\n"
    "  - {name: exempted, when: {zone: exempt}, then: accept}\n"
    "  - {name: no-zoom, when: {service: zoom}, then: reject}\n"
    "  - {name: no-meetings, when: {category: video-conferencing, jurisdiction: US}, then: drop}\n"
    "  - {name: no-bittorrent, when: {application: BitTorrent}, then: drop}\n"
    "names: {refuse: true, strip_ech: true}\n"
    "exceptions: {malformed: drop, ambiguous: drop}\n";

// What the low bits of the control octet let the clock do before a packet.
constexpr std::array<std::chrono::milliseconds, 4> steps = {
    std::chrono::milliseconds(0), std::chrono::milliseconds(1), std::chrono::milliseconds(3000),
    std::chrono::milliseconds(130000)};

// One gate for all inputs, because nDPI takes its time to start: long after the input before, and
// without its flows.
Gate& fresh_gate() {
    static Gate gate(policy, {.flows = {.limit = flow_limit}, .buffer_limit = buffer_limit});
    gate.now += std::chrono::hours(24 * 7);
    std::vector<const Flow*> known;
    FlowTable& flows = gate.pipeline().flows();
    flows.for_each([&](const Flow& flow) { known.push_back(&flow); });
    for (const Flow* flow : known)
        flows.forget(*flow);
    return gate;
}

// Packets that were given a verdict, as counted.
double counted(const Gate& gate) {
    double sum = 0;
    for (const std::string_view family : {"ipv4", "ipv6"})
        for (const std::string_view verdict : {"pass", "accept", "drop", "reject"})
            sum += gate.packets(family, verdict);
    return sum;
}

class Run {
  public:
    Run() : gate_(fresh_gate()), counted_before_(counted(gate_)) {}

    void packet(std::uint8_t control, const Buffer& octets) {
        const auto step = steps[control & 3U];
        gate_.now += step;
        if (step.count() > 1)
            decided_.clear();  // flows may have been forgotten
        // The mark of the verdict before, as conntrack would give it back.
        gate_.mark = (control & 4U) != 0 ? last_mark_ : 0;
        if ((control & 8U) != 0) {
            gate_.reload(policy);
            decided_.clear();
        }
        const Pipeline::Step result = gate_(octets);
        ++packets_;
        require(gate_.pipeline().flows().size() <= flow_limit);
        if (result.verdict.kind != Verdict::Kind::discard)
            last_mark_ = Gate::layout.encode(result.verdict.mark);
        check_flow(result);
    }

    void finish() const {
        require(counted(gate_) == counted_before_ + static_cast<double>(packets_));
    }

  private:
    void check_flow(const Pipeline::Step& result) {
        if (result.flow == nullptr)
            return;
        require(result.flow->packets >= 1);
        if (!result.flow->verdict) {
            require(!decided_.contains(result.flow->key));
            return;
        }
        const MarkState state = result.flow->verdict->mark.state;
        require(decided_.emplace(result.flow->key, state).first->second == state);
    }

    Gate& gate_;
    double counted_before_;
    std::uint32_t last_mark_ = 0;
    std::size_t packets_ = 0;
    std::map<FlowKey, MarkState> decided_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Run run;
    ByteReader input(Bytes(data, size));
    for (int packets = 0; packets < 200 && !input.empty(); ++packets) {
        const std::uint8_t control = input.u8();
        const std::size_t length = input.u16();
        const Bytes octets = input.bytes(std::min(length, input.rest().size()));
        run.packet(control, Buffer(octets.begin(), octets.end()));
    }
    run.finish();
    return 0;
}
