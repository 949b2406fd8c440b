// Property: any stream behind HTTP/2's preface has a host inside the scratch buffer, asks for
// octets that are not there yet, or is refused; a host is not longer than a string that is read.
#include <string_view>
#include <vector>

#include "classifiers/clear/hpack.hpp"
#include "classifiers/clear/http2_request.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using octroi::fuzz::require;
    constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    std::vector<std::uint8_t> stream(preface.begin(), preface.end());
    stream.insert(stream.end(), data, data + size);
    std::vector<std::uint8_t> scratch;
    const auto host = octroi::http2::requested_host(stream, scratch);
    if (host)
        require(!host->empty() && host->size() <= octroi::hpack::max_text &&
                octroi::fuzz::inside(*host, scratch));
    else if (host.error().kind == octroi::http2::Problem::Kind::incomplete)
        require(host.error().needed > stream.size() && host.error().begun);
    else
        require(host.error().kind != octroi::http2::Problem::Kind::not_http2);
    // a header block of its own
    scratch.clear();
    const auto text = octroi::hpack::read_authority(octroi::Bytes(data, size), scratch);
    require(!text || (*text == scratch.size() && *text != 0));
    return 0;
}
