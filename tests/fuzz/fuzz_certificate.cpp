// Property: any octets are a certificate with a few host names, or none; any stream of a server
// holds a certificate or not, and what a part of it told, the whole tells too.
#include <algorithm>

#include "classifiers/net/domain.hpp"
#include "classifiers/tls/certificate.hpp"
#include "classifiers/tls/tls_server_flight.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::tls::NoCertificate;
using octroi::tls::server_certificate;

namespace {

void check_names(Bytes der) {
    const auto names = octroi::certificate_names(der);
    if (!names)
        return;
    require(names->size() <= 100);
    for (const std::string& name : *names)
        require(octroi::Domain::parse(name)->text() == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const Bytes stream(data + 1, size - 1);
    check_names(stream);

    std::vector<std::uint8_t> scratch;
    std::vector<std::uint8_t> other;
    const auto whole = server_certificate(stream, scratch);
    require(scratch.size() <= stream.size());
    if (whole) {
        require(!whole->empty() && inside(*whole, scratch));
        check_names(*whole);
    }
    const auto part = server_certificate(stream.first(stream.size() * data[0] / 256), other);
    if (part)
        require(whole && std::ranges::equal(*whole, *part));
    else if (part.error() == NoCertificate::none)
        require(!whole && whole.error() == NoCertificate::none);
    return 0;
}
