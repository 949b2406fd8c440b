// Property: any stream gives a message inside it or the scratch buffer, asks for octets that are
// not there yet, or is refused; before the octets that it asks for are there it gives nothing.
#include <algorithm>

#include "classifiers/net/tcp_stream.hpp"
#include "classifiers/tls/tls_handshake.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::tls::first_handshake_message;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > octroi::TcpStream::capacity)
        return 0;
    const Bytes stream(data + 1, size - 1);
    std::vector<std::uint8_t> scratch;
    const auto whole = first_handshake_message(stream, scratch);
    require(scratch.size() <= stream.size());
    if (whole) {
        require(inside(*whole, stream) || inside(*whole, scratch));
        require(whole->size() >= 4 && (*whole)[0] == 1);
        return 0;
    }
    if (!whole.error().incomplete)
        return 0;
    require(whole.error().progress.needed > stream.size());

    // What an earlier look asked for must not have been too much.
    const std::size_t early = stream.size() * data[0] / 256;
    const auto part = first_handshake_message(stream.first(early), scratch);
    require(!part && part.error().incomplete);
    const std::size_t needed = std::min(part.error().progress.needed, stream.size());
    for (std::size_t length = early + 1; length < needed; length += 1 + length / 4)
        require(!first_handshake_message(stream.first(length), scratch));
    return 0;
}
