// Property: any stream has a host that lies inside it, asks for more, or is refused; what a part of
// it told, the whole tells too, whether earlier looks count or not; a head's end lies inside it.
#include <algorithm>

#include "classifiers/clear/http_request.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::http::Problem;
using octroi::http::Progress;
using octroi::http::read_request;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const Bytes stream(data + 1, size - 1);
    Progress whole_progress;
    const auto whole = read_request(stream, whole_progress);
    if (whole)
        require(!whole->host.empty() && inside(whole->host, stream));
    Progress progress;
    const auto part = read_request(stream.first(stream.size() * data[0] / 256), progress);
    if (part) {
        require(whole.has_value());
        require(whole->host.data() == part->host.data() && whole->host.size() == part->host.size());
    } else if (part.error() != Problem::incomplete && part.error() != Problem::undecided) {
        require(!whole && whole.error() == part.error());
    } else {
        const auto rest = read_request(stream, progress);
        require(rest.has_value() == whole.has_value());
        require(rest ? rest->host.data() == whole->host.data() : rest.error() == whole.error());
    }
    if (whole && whole->form == octroi::http::Form::connect)
        if (const auto head = octroi::http::head_size(stream, whole_progress))
            require(*head <= stream.size() && stream[*head - 1] == '\n');
    return 0;
}
