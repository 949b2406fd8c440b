#include "daemon/engine/dns_questions.hpp"

#include <absl/hash/hash.h>

#include "classifiers/base/random_secret.hpp"

namespace octroi {
namespace {

constexpr std::size_t type_and_class = 4;  // RFC 1035 4.1.2

}  // namespace

DnsQuestions::DnsQuestions() : keys_(places), secret_(random_secret()) {}

std::uint64_t DnsQuestions::key_of(const FlowKey& flow, Bytes message,
                                   const dns::Preamble& question) const {
    const std::uint16_t id = ByteReader(message).u16();
    const std::uint32_t type =
        ByteReader(message.subspan(question.question_end - type_and_class)).u32();
    return absl::HashOf(secret_, flow, id, type, question.name) | 1U;  // none is 0
}

void DnsQuestions::ask(const FlowKey& flow, Bytes message, const dns::Preamble& question) {
    const std::uint64_t key = key_of(flow, message, question);
    keys_[key / 2 % places] = key;
}

bool DnsQuestions::answer(const FlowKey& flow, Bytes message, const dns::Preamble& answer) {
    const std::uint64_t key = key_of(flow, message, answer);
    std::uint64_t& place = keys_[key / 2 % places];
    if (place != key)
        return false;
    place = 0;
    return true;
}

}  // namespace octroi
