#include "classifiers/tls/certificate.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;
using Names = std::vector<std::string>;

namespace {

// ITU-T X.690 8.1: tag, length, content.
Buffer der(std::size_t tag, const Buffer& content) {
    wire::Fields fields;
    fields.u8(tag);
    if (content.size() < 128)
        return fields.vector8(content).take();
    return fields.u8(0x82).vector16(content).take();
}

Buffer sequence(const std::vector<Buffer>& parts) {
    wire::Fields content;
    for (const Buffer& part : parts)
        content.bytes(part);
    return der(0x30, content.take());
}

constexpr std::size_t utf8_string = 0x0c;
constexpr std::size_t bmp_string = 0x1e;
constexpr std::size_t dns_name = 0x82;    // RFC 5280 4.2.1.6, tagged [2]
constexpr std::size_t mail_name = 0x81;   // [1]
constexpr std::size_t ip_address = 0x87;  // [7]

// RFC 5280 4.1.2.4: one attribute, the common name.
Buffer name(const Buffer& common_name, std::size_t string = utf8_string) {
    const Buffer attribute =
        sequence({der(0x06, {0x55, 0x04, 0x03}), der(string, common_name)});  // id-at-commonName
    return sequence({der(0x31, attribute)});
}

struct Fields {
    Buffer subject = name(wire::text("common.example"));
    std::vector<Buffer> alternatives = {};  ///< GeneralNames; none: no such extension
};

// RFC 5280 4.1. Nobody looks at keys and signatures.
Buffer certificate(const Fields& fields) {
    const Buffer algorithm = sequence({der(0x06, {0x2b, 0x65, 0x70})});  // Ed25519
    const Buffer key = sequence({algorithm, der(0x03, Buffer(33))});
    const Buffer validity = sequence({der(0x17, wire::text("260101000000Z")),  // not before
                                      der(0x17, wire::text("270101000000Z"))});
    std::vector<Buffer> parts = {der(0xa0, der(0x02, {2})),  // version 3
                                 der(0x02, {1}),             // serial number
                                 algorithm,
                                 name(wire::text("issuer.example")),
                                 validity,
                                 fields.subject,
                                 key};
    if (!fields.alternatives.empty())
        parts.push_back(
            der(0xa3, sequence({sequence({der(0x06, {0x55, 0x1d, 0x11}),  // id-ce-subjectAltName
                                          der(0x04, sequence(fields.alternatives))})})));
    return sequence({sequence(parts), algorithm, der(0x03, Buffer(65))});
}

Names names_of(const Fields& fields) {
    const auto names = certificate_names(certificate(fields));
    REQUIRE(names);
    return *names;
}

}  // namespace

TEST_SUITE("certificate") {
    TEST_CASE("the alternative names in order, lower case, without wildcards") {
        CHECK(names_of({.alternatives = {der(dns_name, wire::text("WWW.Example.org")),
                                         der(dns_name, wire::text("*.example.net")),
                                         der(dns_name, wire::text("example.com"))}}) ==
              Names{"www.example.org", "example.net", "example.com"});
    }

    TEST_CASE("the common name counts only where there is no alternative DNS name") {
        CHECK(names_of({}) == Names{"common.example"});
        CHECK(names_of({.subject = name(wire::text("*.Common.Example"))}) ==
              Names{"common.example"});
        CHECK(names_of({.alternatives = {der(dns_name, wire::text("other.example"))}}) ==
              Names{"other.example"});
    }

    TEST_CASE("addresses and mailboxes are no host names") {
        CHECK(names_of({.alternatives = {der(ip_address, {192, 0, 2, 1}),
                                         der(mail_name, wire::text("me@example.org")),
                                         der(dns_name, wire::text("host.example"))}}) ==
              Names{"host.example"});
        CHECK(names_of({.alternatives = {der(ip_address, {192, 0, 2, 1})}}) ==
              Names{"common.example"});
    }

    TEST_CASE("what is no host name is left out") {
        const std::string with_nul("zoom.us\0.example", 16);
        CHECK(names_of({.alternatives = {der(dns_name, wire::text(with_nul)),
                                         der(dns_name, wire::text("two words")), der(dns_name, {}),
                                         der(dns_name, wire::text("host.example"))}}) ==
              Names{"host.example"});
        CHECK(names_of({.subject = name(wire::text("A Company Ltd"))}).empty());
        CHECK(names_of({.subject = name({0, 'a', 0, 'b'}, bmp_string)}).empty());
        CHECK(names_of({.subject = sequence({})}).empty());
    }

    TEST_CASE("at most 100 names are read") {
        std::vector<Buffer> alternatives;
        for (int i = 0; i < 300; ++i)
            alternatives.push_back(
                der(dns_name, wire::text("host" + std::to_string(i) + ".example")));
        const Names names = names_of({.alternatives = alternatives});
        REQUIRE(names.size() == 100);
        CHECK(names.front() == "host0.example");
        CHECK(names.back() == "host99.example");
    }

    TEST_CASE("a certificate cut at any octet does not parse") {
        const Buffer whole =
            certificate({.alternatives = {der(dns_name, wire::text("host.example"))}});
        REQUIRE(certificate_names(whole));
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(certificate_names(Bytes(whole).first(length)));
        }
    }

    TEST_CASE("octets that are no certificate do not parse") {
        CHECK_FALSE(certificate_names(Buffer(500)));
        CHECK_FALSE(certificate_names(wire::text("-----BEGIN CERTIFICATE-----")));
        CHECK_FALSE(certificate_names(sequence({sequence({}), sequence({})})));
    }

    TEST_CASE("alternative names that do not parse leave the common name") {
        CHECK(names_of({.alternatives = {Buffer{0x82, 0x20, 'x'}}}) == Names{"common.example"});
    }
}
