#include "classifiers/clear/host.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;

namespace {

std::string host(std::string_view authority) {
    const wire::Buffer bytes = wire::text(authority);
    return wire::text(host_of(bytes));
}

std::string address(std::string_view host) {
    const auto found = host_address(wire::text(host));
    return found ? to_string(*found) : "";
}

}  // namespace

TEST_SUITE("host") {
    TEST_CASE("userinfo, port and brackets go") {
        CHECK(host("example.org") == "example.org");
        CHECK(host("example.org:443") == "example.org");
        CHECK(host("a@b:c@example.org:80") == "example.org");
        CHECK(host("[2001:db8::1]:443") == "2001:db8::1");
        CHECK(host("a@[2001:db8::1]") == "2001:db8::1");
        CHECK(host("[2001:db8::1") == "2001:db8::1");
        CHECK(host("[") == "");
        CHECK(host("a@") == "");
        CHECK(host(":443") == "");
        CHECK(host("") == "");
    }

    TEST_CASE("the port is what follows the last colon") {
        const auto port = [](std::string_view authority) { return port_of(wire::text(authority)); };
        CHECK(port("example.org:443") == 443);
        CHECK(port("[2001:db8::1]:8443") == 8443);
        CHECK(port("example.org") == 0);
        CHECK(port("example.org:") == 0);
        CHECK(port("example.org:99999") == 0);
    }

    TEST_CASE("an address is one in every dress that a proxy takes off") {  // inet_aton(3)
        for (const std::string_view text :
             {"192.0.2.1", "192.0.2.1.", "192.0.513", "192.513", "3221225985", "0xc0000201",
              "0xC0.0.0x2.1", "0300.0.2.01"}) {
            CAPTURE(text);
            CHECK(address(text) == "192.0.2.1");
        }
        CHECK(address("2001:db8::1") == "2001:db8::1");
        CHECK(address("0") == "0.0.0.0");
    }

    TEST_CASE("a name is none") {
        for (const std::string_view text :
             {"", ".", "example.org", "1.2.3.4.5", "256.0.0.1", "1.2.3.256", "4294967296", "1..2",
              "0x", "08.1.1.1", "1.2.3.x", "beef", "-1", "1.2.3.4 "}) {
            CAPTURE(text);
            CHECK(address(text).empty());
        }
    }
}
