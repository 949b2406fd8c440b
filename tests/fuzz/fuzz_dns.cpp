// Property: any octets are an answer or none; an answer's names and addresses are bounded by the
// message, and what follows the message changes nothing.
#include <algorithm>

#include "classifiers/dns/dns_answer.hpp"
#include "classifiers/dns/dns_edit.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::dns::MutableBytes;
using octroi::dns::parse_answer;
using octroi::dns::read_preamble;
using octroi::fuzz::require;

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t most_records = 64;

void check_name(const std::string& name) {
    require(name.size() <= longest_name);
    require(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }));
}

// A refusal is NXDOMAIN of the same length for the same name; stripping once leaves nothing to
// strip where a record has one ECH key, and changes neither question nor length.
void check_edits(Bytes message, const octroi::dns::Preamble& question) {
    std::vector<std::uint8_t> refused(message.begin(), message.end());
    octroi::dns::refuse_name(refused, question);
    const auto after = read_preamble(refused);
    require(after && after->code == 3 && after->name == question.name && after->answers == 0);

    std::vector<std::uint8_t> stripped(message.begin(), message.end());
    octroi::dns::strip_ech(stripped, question);
    const auto same = read_preamble(stripped);
    require(same && same->name == question.name && same->records == question.records);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes message(data, size);
    const auto question = read_preamble(message);
    if (question) {
        check_name(question->name);
        check_edits(message, *question);
    }
    const auto answer = parse_answer(message);
    if (!answer)
        return 0;
    require(question && question->name == answer->names.front());
    require(answer->names.size() <= 1 + most_records);
    require(answer->addresses.size() <= size / 4);
    std::ranges::for_each(answer->names, check_name);

    std::vector<std::uint8_t> longer(data, data + size);
    longer.insert(longer.end(), 40, 0xc0);
    const auto again = parse_answer(longer);
    require(again.has_value());
    require(again->names == answer->names);
    require(again->addresses.size() == answer->addresses.size());
    return 0;
}
