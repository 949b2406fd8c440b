// Property: any stream has a host that lies inside it, asks for more, or is refused; what a part of
// it told, the whole tells too.
#include <algorithm>

#include "classifiers/http_request.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::http::requested_host;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const Bytes stream(data + 1, size - 1);
    const auto whole = requested_host(stream);
    if (whole)
        require(!whole->empty() && inside(*whole, stream));
    const auto part = requested_host(stream.first(stream.size() * data[0] / 256));
    if (part) {
        require(whole.has_value());
        require(whole->data() == part->data() && whole->size() == part->size());
    } else if (part.error() != octroi::http::Problem::incomplete) {
        require(!whole && whole.error() == part.error());
    }
    return 0;
}
