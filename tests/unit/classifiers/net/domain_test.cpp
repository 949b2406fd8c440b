#include "classifiers/net/domain.hpp"

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

    TEST_CASE("what some server takes for a name is read as that name") {
        const auto requested = [](std::string_view text) {
            const auto domain = Domain::requested(octroi::wire::text(text));
            return domain ? domain->text() : "(refused)";
        };
        for (const std::string_view text :
             {"zoom.us", "ZOOM.us", "zoom.us:443", "zoom.us:", "zoom.us:abc", "zoom.us:80:80",
              "zoom.us.", "zoom.us..", "zoom.us.:443", ".zoom.us", "zoom.us ", " zoom.us",
              "zoom.us\t", "zoom.us\n", "zoom.us. "}) {
            CAPTURE(text);
            CHECK(requested(text) == "zoom.us");
        }
        for (const std::string_view text :
             {std::string_view(""), std::string_view(":443"), std::string_view("."),
              std::string_view("zoom.us+"), std::string_view("zoom.us/"),
              std::string_view("zoom.us\0", 8), std::string_view("zoom.us\0.gouv.fr", 16),
              std::string_view("[zoom.us]"), std::string_view("zoom..us"),
              std::string_view("zoom us"), std::string_view("*.us"),
              std::string_view("http://zoom.us"), std::string_view("visio.gouv.fr:zoom.us")}) {
            CAPTURE(text);
            CHECK(requested(text) == "(refused)");
        }
    }

    TEST_CASE("the parent of a name is what follows its first dot") {
        CHECK(parent_domain("us05web.zoom.us") == "zoom.us");
        CHECK(parent_domain("us") == "");
        CHECK(parent_domain("") == "");
    }
}
