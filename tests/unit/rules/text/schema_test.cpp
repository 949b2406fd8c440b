#include "rules/text/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/policy/samples.hpp"

using octroi::Code;
using octroi::Fields;
using octroi::Finding;
using octroi::Position;
using octroi::Report;

namespace {

// A document of one key `v`, its value, and what readers report about it.
struct Value {
    explicit Value(const std::string& text)
        : document(octroi::samples::document("v: " + text + "\n")), report(document, findings) {}

    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;

    const octroi::yaml::Node* node() const { return document.root.find("v"); }

    octroi::yaml::Document document;
    std::vector<Finding> findings;
    Report report;
};

// The one finding of a value that `read` must refuse.
template <typename Read>
Finding refusal(const std::string& text, Read read) {
    Value value(text);
    CHECK_FALSE(read(value.report, value.node()));
    REQUIRE(value.findings.size() == 1);
    return value.findings.front();
}

template <typename Read>
auto accepted(const std::string& text, Read read) {
    Value value(text);
    const auto result = read(value.report, value.node());
    CAPTURE(text);
    REQUIRE(value.findings.empty());
    REQUIRE(result);
    return *result;
}

auto integer(std::int64_t least, std::int64_t most) {
    return [=](Report& report, const octroi::yaml::Node* node) {
        return octroi::read_integer(report, node, least, most);
    };
}

auto fruit(Report& report, const octroi::yaml::Node* node) {
    return octroi::read_word(report, node, Code::bad_value, "a fruit",
                             {"apple", "banana", "cherry"});
}

}  // namespace

TEST_SUITE("schema fields") {
    TEST_CASE("known keys are found, a missing required key is reported at its map") {
        Value value("{a: 1}");
        Fields fields(value.report, *value.node(), "a thing");
        REQUIRE(fields.required("a") != nullptr);
        CHECK(fields.optional("b") == nullptr);
        CHECK(value.findings.empty());
        CHECK(fields.required("c") == nullptr);
        REQUIRE(value.findings.size() == 1);
        CHECK(value.findings[0].code == Code::missing_key);
        CHECK(value.findings[0].text == "a thing needs `c`");
        CHECK(value.findings[0].position == Position{.line = 1, .column = 4});
    }

    TEST_CASE("every unknown key is reported at its place with its likely spelling") {
        Value value("{service: 1, servce: 2, zzz: 3}");
        Fields fields(value.report, *value.node(), "a thing");
        static_cast<void>(fields.optional("service"));
        static_cast<void>(fields.optional("zone"));
        fields.finish();
        REQUIRE(value.findings.size() == 2);
        CHECK(value.findings[0].code == Code::unknown_key);
        CHECK(value.findings[0].position == Position{.line = 1, .column = 17});
        CHECK(value.findings[0].hint == "did you mean `service`?");
        CHECK(value.findings[1].text == "a thing has no key `zzz`");
        CHECK(value.findings[1].hint == "known keys: service, zone");
    }

    TEST_CASE("what is not a map is reported once and then has no keys") {
        for (const char* text : {"7", "[1, 2]", "~"}) {
            CAPTURE(text);
            Value value(text);
            Fields fields(value.report, *value.node(), "a thing");
            CHECK(fields.required("a") == nullptr);
            fields.finish();
            REQUIRE(value.findings.size() == 1);
            CHECK(value.findings[0].code == Code::wrong_type);
        }
    }
}

TEST_SUITE("schema values") {
    TEST_CASE("a null node gives nothing and reports nothing") {
        Value value("1");
        CHECK_FALSE(octroi::read_text(value.report, nullptr));
        CHECK_FALSE(octroi::read_integer(value.report, nullptr, 0, 1));
        CHECK_FALSE(octroi::read_bool(value.report, nullptr));
        CHECK_FALSE(octroi::read_network(value.report, nullptr));
        CHECK_FALSE(octroi::read_domain(value.report, nullptr));
        CHECK_FALSE(octroi::read_ports(value.report, nullptr));
        CHECK_FALSE(fruit(value.report, nullptr));
        CHECK(octroi::read_list(value.report, nullptr).empty());
        CHECK(octroi::elements(nullptr).empty());
        CHECK(value.findings.empty());
    }

    TEST_CASE("where a single value belongs, anything else is the wrong type") {
        for (const char* text : {"[a]", "{a: 1}", "~"}) {
            CAPTURE(text);
            CHECK(refusal(text, octroi::read_text).code == Code::wrong_type);
            CHECK(refusal(text, integer(0, 9)).code == Code::wrong_type);
            CHECK(refusal(text, octroi::read_bool).code == Code::wrong_type);
            CHECK(refusal(text, octroi::read_network).code == Code::wrong_type);
            CHECK(refusal(text, octroi::read_domain).code == Code::wrong_type);
            CHECK(refusal(text, octroi::read_ports).code == Code::wrong_type);
            CHECK(refusal(text, fruit).code == Code::wrong_type);
        }
        CHECK(refusal("[a]", octroi::read_text).text == "a single value belongs here, not a list");
        CHECK(refusal("~", octroi::read_text).text == "a single value belongs here, not nothing");
    }

    TEST_CASE("integers keep within their bounds, which are named") {
        CHECK(accepted("1", integer(1, 2047)) == 1);
        CHECK(accepted("2047", integer(1, 2047)) == 2047);
        CHECK(accepted("-5", integer(-5, 5)) == -5);
        for (const char* text :
             {"0", "2048", "1.5", "0x10", "1e3", "ten", "'1 '", "99999999999999999999", "+1"}) {
            CAPTURE(text);
            const Finding finding = refusal(text, integer(1, 2047));
            CHECK(finding.code == Code::bad_value);
            CHECK(finding.text.ends_with("is not a whole number from 1 to 2047"));
        }
    }

    TEST_CASE("only true and false are truth values") {
        CHECK(accepted("true", octroi::read_bool));
        CHECK_FALSE(accepted("false", octroi::read_bool));
        for (const char* text : {"yes", "on", "1", "True"}) {
            CAPTURE(text);
            CHECK(refusal(text, octroi::read_bool).code == Code::bad_value);
        }
    }

    TEST_CASE("networks of both families and lone addresses are read") {
        CHECK(to_string(accepted("10.20.0.0/16", octroi::read_network)) == "10.20.0.0/16");
        CHECK(to_string(accepted("10.0.0.1", octroi::read_network)) == "10.0.0.1/32");
        CHECK(to_string(accepted("'fd00:20::/48'", octroi::read_network)) == "fd00:20::/48");
    }

    TEST_CASE("host bits name the network that was probably meant") {
        const Finding finding = refusal("10.20.3.0/16", octroi::read_network);
        CHECK(finding.code == Code::bad_network);
        CHECK(finding.text == "`10.20.3.0/16` has bits set behind its prefix length");
        CHECK(finding.hint == "did you mean `10.20.0.0/16`?");
        CHECK(refusal("'fd00::1/48'", octroi::read_network).hint == "did you mean `fd00::/48`?");
    }

    TEST_CASE("what is no network is told apart from a bad prefix length") {
        for (const char* text : {"10.0.0/8", "300.0.0.0/8", "zoom.us", "'fe80::1%eth0'", "''"}) {
            CAPTURE(text);
            const Finding finding = refusal(text, octroi::read_network);
            CHECK(finding.code == Code::bad_network);
            CHECK(finding.text.ends_with("is not an IPv4 or IPv6 network"));
        }
        for (const char* text : {"10.0.0.0/33", "'::/129'", "10.0.0.0/", "10.0.0.0/8x"}) {
            CAPTURE(text);
            CHECK(refusal(text, octroi::read_network).text.ends_with("has no valid prefix length"));
        }
    }

    TEST_CASE("domains are read in lower case, a wildcard is explained") {
        CHECK(accepted("Zoom.US.", octroi::read_domain).text() == "zoom.us");
        const Finding finding = refusal("'*.zoom.us'", octroi::read_domain);
        CHECK(finding.code == Code::bad_domain);
        CHECK(finding.hint == "a domain means itself and its subdomains: leave out `*.`");
        CHECK(refusal("zoom us", octroi::read_domain).hint.empty());
    }

    TEST_CASE("ports and ranges of ports are read with both ends inside") {
        const auto range = accepted("3478-3481", octroi::read_ports);
        CHECK_FALSE(range.contains(3477));
        CHECK(range.contains(3478));
        CHECK(range.contains(3481));
        CHECK_FALSE(range.contains(3482));
        CHECK(accepted("443", octroi::read_ports).contains(443));
        CHECK_FALSE(accepted("443", octroi::read_ports).contains(444));
        CHECK(accepted("0-65535", octroi::read_ports).contains(65535));
    }

    TEST_CASE("bad ports are refused") {
        for (const char* text :
             {"65536", "-1", "3481-3478", "443-", "http", "1-2-3", "80 - 90", "''"}) {
            CAPTURE(text);
            CHECK(refusal(text, octroi::read_ports).code == Code::bad_port);
        }
    }

    TEST_CASE("a word gives its place, a wrong one its neighbour or all words") {
        CHECK(accepted("apple", fruit) == 0);
        CHECK(accepted("cherry", fruit) == 2);
        const Finding near = refusal("bananna", fruit);
        CHECK(near.text == "`bananna` is not a fruit");
        CHECK(near.hint == "did you mean `banana`?");
        CHECK(near.position == Position{.line = 1, .column = 4});
        CHECK(refusal("kiwi", fruit).hint == "one of: apple, banana, cherry");
    }

    TEST_CASE("the format version is 1, written as such") {
        Value known("1");
        octroi::read_version(known.report, known.node());
        octroi::read_version(known.report, nullptr);
        CHECK(known.findings.empty());
        for (const char* text : {"2", "01", "1.0", "[1]", "~"}) {
            CAPTURE(text);
            Value unknown(text);
            octroi::read_version(unknown.report, unknown.node());
            REQUIRE(unknown.findings.size() == 1);
            CHECK(unknown.findings[0].code == Code::bad_version);
            CHECK(unknown.findings[0].hint == "this octroi reads `octroi: 1`");
        }
    }

    TEST_CASE("a list gives its elements, a single value stands for a list of one") {
        Value list("[a, b]");
        CHECK(octroi::elements(list.node()).size() == 2);
        CHECK(octroi::read_list(list.report, list.node()).size() == 2);
        Value single("a");
        CHECK(octroi::elements(single.node()).size() == 1);
        CHECK(octroi::read_list(single.report, single.node()).empty());
        REQUIRE(single.findings.size() == 1);
        CHECK(single.findings[0].text == "a list belongs here, not a single value");
        Value nothing("");
        CHECK(octroi::read_list(nothing.report, nothing.node()).empty());
        CHECK(nothing.findings.empty());
    }
}
