// Property: any stream is a request, the start of one, or none; a request lies inside the stream
// and what follows it changes nothing; more of a stream never turns a request or a refusal into
// another.
#include <algorithm>

#include "classifiers/clear/socks.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::socks::read_request;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes stream(data, size);
    const auto whole = read_request(stream);
    if (whole) {
        require(whole->size >= 9 && whole->size <= size);
        require(inside(whole->host, stream.first(whole->size)));
        const auto alone = read_request(stream.first(whole->size));
        require(alone && alone->size == whole->size);
        require(std::ranges::equal(alone->host, whole->host));
    }
    for (std::size_t length = 0; length < std::min<std::size_t>(size, 600); ++length) {
        const auto start = read_request(stream.first(length));
        if (start)
            require(whole && whole->size == start->size);
        else if (start.error() == octroi::socks::Problem::not_socks)
            require(!whole && whole.error() == octroi::socks::Problem::not_socks);
    }
    return 0;
}
