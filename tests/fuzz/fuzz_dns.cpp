// Property: any octets are an answer or none; an answer's names and addresses are bounded by the
// message, and what follows the message changes nothing.
#include <algorithm>

#include "classifiers/dns_answer.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::dns::parse_answer;
using octroi::dns::parse_question;
using octroi::fuzz::require;

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t most_records = 64;

void check_name(const std::string& name) {
    require(name.size() <= longest_name);
    require(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes message(data, size);
    const auto question = parse_question(message);
    if (question)
        check_name(*question);
    const auto answer = parse_answer(message);
    if (!answer)
        return 0;
    require(question && *question == answer->names.front());
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
