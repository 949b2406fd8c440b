#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "classifiers/dns/dns_message.hpp"
#include "classifiers/net/address.hpp"

namespace octroi::dns {

/// What a DNS response says about one question.
struct Answer {
    struct Record {
        Address address;
        std::uint32_t ttl = 0;  ///< seconds
    };

    /// The name asked for and the names that CNAME, HTTPS and SVCB records lead to, in order, lower
    /// case.
    std::vector<std::string> names;
    std::vector<Record>
        addresses;  ///< A, AAAA and the address hints of HTTPS and SVCB (RFC 9460 7.3)
};

/// Reads a DNS message (RFC 1035 4) as a successful response to one A, AAAA, HTTPS or SVCB
/// question; at most 64 records are read.
[[nodiscard]] std::expected<Answer, Problem> parse_answer(Bytes message);

}  // namespace octroi::dns
