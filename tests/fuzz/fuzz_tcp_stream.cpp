// Property: any segments give what a plain array of octets gives: the same contiguous text, a
// conflict exactly where an octet has two values, and no change where memory is short.
#include <algorithm>
#include <optional>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "classifiers/net/tcp_stream.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::MemoryBudget;
using octroi::TcpStream;
using octroi::fuzz::require;
using Result = octroi::TcpStream::Result;

namespace {

// The octets of a stream, each known or not.
class Reference {
  public:
    [[nodiscard]] Result insert(std::int64_t offset, Bytes payload) {
        if (!agrees(offset, payload))
            return Result::conflict;
        const std::size_t before = contiguous_.size();
        each(offset, payload, [&](std::size_t at, std::uint8_t octet) { octets_[at] = octet; });
        while (contiguous_.size() < octets_.size() && octets_[contiguous_.size()])
            contiguous_.push_back(*octets_[contiguous_.size()]);
        return contiguous_.size() > before ? Result::advanced : Result::unchanged;
    }

    [[nodiscard]] const std::vector<std::uint8_t>& contiguous() const { return contiguous_; }

  private:
    template <typename Visit>
    void each(std::int64_t offset, Bytes payload, Visit visit) {
        for (std::size_t i = 0; i < payload.size(); ++i) {
            const std::int64_t at = offset + static_cast<std::int64_t>(i);
            if (at >= 0 && at < static_cast<std::int64_t>(TcpStream::capacity))
                visit(static_cast<std::size_t>(at), payload[i]);
        }
    }

    [[nodiscard]] bool agrees(std::int64_t offset, Bytes payload) {
        bool same = true;
        each(offset, payload, [&](std::size_t at, std::uint8_t octet) {
            same = same && (!octets_[at] || *octets_[at] == octet);
        });
        return same;
    }

    std::vector<std::optional<std::uint8_t>> octets_ =
        std::vector<std::optional<std::uint8_t>>(TcpStream::capacity);
    std::vector<std::uint8_t> contiguous_;
};

// What most segments agree on, so that few of them conflict.
std::uint8_t usual_octet(std::int64_t at) {
    return static_cast<std::uint8_t>(at * 7 + at / 251);
}

std::vector<std::uint8_t> payload_of(FuzzedDataProvider& input, std::int64_t offset) {
    std::vector<std::uint8_t> payload(input.ConsumeIntegralInRange<std::size_t>(0, 1500));
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = usual_octet(offset + static_cast<std::int64_t>(i));
    if (!payload.empty() && input.ConsumeIntegralInRange(0, 31) == 1)
        payload[input.ConsumeIntegralInRange<std::size_t>(0, payload.size() - 1)] ^= 1U;
    return payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto first = input.ConsumeIntegral<std::uint32_t>();
    const std::size_t limit = input.ConsumeBool() ? 256UL * 1024 : 8UL * 1024;
    MemoryBudget budget(limit);
    {
        TcpStream stream;
        Reference reference;
        stream.start(first);
        while (input.remaining_bytes() > 0) {
            const std::int64_t farthest = input.ConsumeBool() ? 4000 : 70000;
            const auto offset = input.ConsumeIntegralInRange<std::int64_t>(-2000, farthest);
            const auto payload = payload_of(input, offset);
            const auto result =
                stream.insert(first + static_cast<std::uint32_t>(offset), payload, budget);
            require(budget.used() <= limit);
            require(limit < 16UL * 1024 || result != Result::no_memory);
            if (result != Result::no_memory)
                require(result == reference.insert(offset, payload));
            require(std::ranges::equal(stream.contiguous(), reference.contiguous()));
        }
    }
    require(budget.used() == 0);
    return 0;
}
