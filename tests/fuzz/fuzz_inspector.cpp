// Property: a stream cut into segments that arrive in any order, some twice, names whom it names in
// one piece, and the buffers stay inside their budget and go back to it.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "tests/fuzz/client_segment.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::Ending;
using octroi::Findings;
using octroi::Inspector;
using octroi::Workspace;
using octroi::fuzz::client_segment;
using octroi::fuzz::require;

namespace {

constexpr std::size_t longest_stream = 60'000;
constexpr std::size_t budget = 256UL * 1024;

struct Segment {
    std::size_t offset = 0;
    std::size_t length = 0;
};

std::vector<Segment> cut(FuzzedDataProvider& input, std::size_t size) {
    std::vector<Segment> segments;
    for (std::size_t offset = 0; offset < size;) {
        const std::size_t most = input.ConsumeBool() ? 8 : 1500;
        const std::size_t length =
            std::min(size - offset, input.ConsumeIntegralInRange<std::size_t>(1, most));
        segments.push_back({.offset = offset, .length = length});
        offset += length;
    }
    const std::size_t distinct = segments.size();
    for (std::size_t i = 0; i < distinct; ++i)
        if (input.ConsumeIntegralInRange(0, 7) == 1)
            segments.push_back(segments[i]);
    for (std::size_t i = segments.size(); i > 1; --i)
        std::swap(segments[i - 1], segments[input.ConsumeIntegralInRange<std::size_t>(0, i - 1)]);
    return segments;
}

Findings inspect(Bytes stream, const std::vector<Segment>& segments, std::uint32_t first) {
    static Workspace workspace(budget);
    Findings findings;
    {
        Inspector inspector;
        std::uint32_t number = 1;
        inspector.inspect(client_segment(first - 1, true, {}), number, workspace);
        for (const Segment& segment : segments) {
            inspector.inspect(client_segment(first + static_cast<std::uint32_t>(segment.offset),
                                             false, stream.subspan(segment.offset, segment.length)),
                              ++number, workspace);
            require(workspace.budget.used() <= budget);
        }
        require(inspector.open() || inspector.awaits_answer() || workspace.budget.used() == 0);
        findings = inspector.findings();
    }
    require(workspace.budget.used() == 0);
    return findings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto first = input.ConsumeIntegral<std::uint32_t>();
    // The provider takes numbers from the end of the input and text from its start.
    const std::string text = input.ConsumeBytesAsString(
        std::min(longest_stream, input.remaining_bytes() - input.remaining_bytes() / 8));
    const std::vector<std::uint8_t> stream(text.begin(), text.end());

    const auto segments = cut(input, stream.size());
    const Findings whole = inspect(stream, {{.offset = 0, .length = stream.size()}}, first);
    const Findings parts = inspect(stream, segments, first);
    // nDPI sees packets, not streams: what it says may depend on the cuts.
    require((parts.ending == Ending::named) == (whole.ending == Ending::named));
    require(parts.ending != Ending::ambiguous && parts.ending != Ending::no_memory);
    require(parts.server_name == whole.server_name);
    require(parts.name_kind == whole.name_kind);
    require(parts.realm == whole.realm);
    require(parts.alpn == whole.alpn);
    require(parts.encrypted_client_hello == whole.encrypted_client_hello);
    return 0;
}
