#include "classifiers/domain.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using octroi::Domain;
using octroi::parent_domain;

namespace {

std::string parsed(std::string_view text) {
    const auto domain = Domain::parse(text);
    return domain ? domain->text() : "(refused)";
}

}  // namespace

TEST_SUITE("domain") {
    TEST_CASE("is lower case and has no trailing dot") {
        CHECK(parsed("US05Web.Zoom.US.") == "us05web.zoom.us");
        CHECK(parsed("_sip._tcp.example.fr") == "_sip._tcp.example.fr");
        CHECK(parsed("xn--bcher-kva.example") == "xn--bcher-kva.example");
        CHECK(parsed("localhost") == "localhost");
        CHECK(parsed("0-9.az") == "0-9.az");
    }

    TEST_CASE("what is not a name is refused") {
        for (const std::string_view text :
             {std::string_view(""), std::string_view("."), std::string_view(".."),
              std::string_view(".zoom.us"), std::string_view("zoom..us"),
              std::string_view("zoom.us.."), std::string_view("zoom us"),
              std::string_view("zo\0om.us", 8), std::string_view("*.zoom.us"),
              std::string_view("zoom.us:443"),
              std::string_view("b\xc3\xbc"
                               "cher.example"),
              std::string_view("zoom.us/"), std::string_view("[::1]")}) {
            CAPTURE(text);
            CHECK(parsed(text) == "(refused)");
        }
    }

    TEST_CASE("a label has 63 octets at most, a name 253") {
        const std::string label(63, 'a');
        CHECK(parsed(label) == label);
        CHECK(parsed(label + "a") == "(refused)");
        const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
        REQUIRE(longest.size() == 253);
        CHECK(parsed(longest) == longest);
        CHECK(parsed(longest + ".") == longest);
        CHECK(parsed(longest + "b") == "(refused)");
    }

    TEST_CASE("wire octets are read as text") {
        CHECK(Domain::parse(octroi::Bytes(octroi::wire::text("Zoom.us")))->text() == "zoom.us");
        CHECK_FALSE(Domain::parse(octroi::Bytes{}));
    }

    TEST_CASE("the parent of a name is what follows its first dot") {
        CHECK(parent_domain("us05web.zoom.us") == "zoom.us");
        CHECK(parent_domain("us") == "");
        CHECK(parent_domain("") == "");
    }
}
