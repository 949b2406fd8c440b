// Property: any stream has a ClientHello's place inside it, asks for more, or is foreign; the place
// is where a TLS record may start, and is the same with what an earlier look has read.
#include "classifiers/clear/starttls.hpp"
#include "tests/fuzz/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using octroi::fuzz::require;
    using octroi::starttls::hello_offset;
    if (size == 0)
        return 0;
    const octroi::Bytes stream(data + 1, size - 1);
    std::size_t settled = 0;
    const auto whole = hello_offset(stream, settled);
    require(settled <= stream.size());
    if (whole)
        require(*whole != 0 && *whole <= stream.size());
    settled = 0;
    const auto part = hello_offset(stream.first(stream.size() * data[0] / 256), settled);
    if (part)
        require(whole && *whole == *part);
    const auto again = hello_offset(stream, settled);
    require(part || again == whole);
    return 0;
}
