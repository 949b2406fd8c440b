// Property: any message parses or fails, views stay inside it, its fingerprint is of one form, and
// cut short it is truncated.
#include <algorithm>

#include "classifiers/tls/client_hello.hpp"
#include "classifiers/tls/ja4.hpp"
#include "tests/fuzz/property.hpp"

using octroi::fuzz::require;
using octroi::tls::parse_client_hello;

namespace {

// "t13d1516h2_8daaf6152771_e5627efa2ab1"
void check_fingerprint(const octroi::tls::ClientHello& hello) {
    const std::string text = ja4(hello, octroi::tls::Carrier::tcp);
    require(text.size() == 36 && text[10] == '_' && text[23] == '_');
    require(std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const octroi::Bytes input(data, size);
    const auto hello = parse_client_hello(input);
    if (!hello)
        return 0;
    require(octroi::fuzz::inside(hello->server_name, input));
    require(octroi::fuzz::inside(hello->alpn, input));
    require(hello->alpn.size() <= 255);
    check_fingerprint(*hello);
    octroi::ByteReader header(input);
    header.u8();
    const std::size_t announced = 4 + std::size_t{header.u24()};
    for (const std::size_t length : {announced - 1, announced / 2, std::size_t{1}}) {
        const auto shorter = parse_client_hello(input.first(length));
        require(!shorter && shorter.error() == octroi::tls::ParseError::truncated);
    }
    return 0;
}
