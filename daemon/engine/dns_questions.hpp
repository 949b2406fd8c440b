#pragma once

#include <cstdint>
#include <vector>

#include "classifiers/dns/dns_message.hpp"
#include "classifiers/net/flow_key.hpp"

namespace octroi {

/// The DNS questions that clients of one worker asked and nobody has answered yet: only what was
/// asked in the same flow, under the same id (RFC 5452 3), is an answer. The newest are kept.
class DnsQuestions {
  public:
    DnsQuestions();

    void ask(const FlowKey& flow, Bytes message, const dns::Preamble& question);

    /// Whether it was asked so. Then it is answered.
    [[nodiscard]] bool answer(const FlowKey& flow, Bytes message, const dns::Preamble& answer);

  private:
    static constexpr std::size_t places = 1UL << 15U;

    [[nodiscard]] std::uint64_t key_of(const FlowKey& flow, Bytes message,
                                       const dns::Preamble& question) const;

    std::vector<std::uint64_t> keys_;
    std::uint64_t secret_;
};

}  // namespace octroi
