#include "rules/refresh/vendor_list.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using octroi::AddressKind;
using octroi::Code;
using octroi::Finding;
using octroi::ListFormat;
using octroi::ListRequest;
using octroi::Position;
using octroi::read_vendor_list;
using octroi::VendorList;

namespace {

constexpr ListRequest anything{.service = "acme"};
constexpr ListRequest teams{.service = "teams", .kind = AddressKind::exclusive_udp};
constexpr ListRequest teams_shared{.service = "teams", .kind = AddressKind::shared};
constexpr ListRequest slack{.service = "slack", .kind = AddressKind::shared};

ListRequest as(ListFormat format) {
    return {.service = "acme", .format = format};
}

VendorList list_of(std::string_view text, const ListRequest& request = anything) {
    auto list = read_vendor_list("list", text, request);
    if (!list)
        FAIL(octroi::render(list.error()));
    return std::move(*list);
}

Finding refusal_of(std::string_view text, const ListRequest& request = anything) {
    const auto list = read_vendor_list("list", text, request);
    REQUIRE_FALSE(list);
    CHECK(list.error().file == "list");
    return list.error();
}

std::vector<std::string> networks_of(const VendorList& list) {
    std::vector<std::string> texts;
    for (const auto& network : list.networks)
        texts.push_back(to_string(network));
    return texts;
}

std::vector<std::string> names_of(const VendorList& list) {
    std::vector<std::string> texts;
    for (const auto& name : list.domains)
        texts.push_back(name.text());
    return texts;
}

using Texts = std::vector<std::string>;

constexpr std::string_view microsoft = R"([
  {"id": 1, "serviceArea": "Exchange", "urls": ["outlook.office.com"], "ips": ["13.107.6.152/31"]},
  {"id": 11, "serviceArea": "Skype", "ips": ["52.112.0.0/14", "2603:1063::/38"]},
  {"id": 12, "serviceArea": "Skype", "urls": ["*.lync.com"], "ips": ["2603:1027::/48"]}])";

}  // namespace

TEST_SUITE("text lists") {
    TEST_CASE("networks, addresses and names stand one a line, comments and blanks anywhere") {
        const VendorList list = list_of(
            "\xef\xbb\xbf# Zoom\r\n\r\n  192.0.2.0/24\t# here\r\n198.51.100.7\n2001:db8::/32\n"
            "*.Example.ORG\nzoom.us.\n#\nlast.example");
        CHECK(networks_of(list) == Texts{"192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"});
        CHECK(names_of(list) == Texts{"example.org", "zoom.us", "last.example"});
        CHECK(list.date.empty());
        CHECK_FALSE(list.of_a_cloud);
    }

    TEST_CASE("a mistake has its line and column, and the cure where there is one") {
        const Finding bits = refusal_of("192.0.2.0/24\n  192.0.2.33/28 # x\n");
        CHECK(bits.code == Code::bad_network);
        CHECK(bits.position == Position{.line = 2, .column = 3});
        CHECK(bits.source_line == "  192.0.2.33/28 # x");
        CHECK(bits.hint == "did you mean `192.0.2.32/28`?");
        CHECK(refusal_of("a b.example").code == Code::bad_domain);
    }

    TEST_CASE("what looks like an address is never taken for a name") {
        for (const char* text : {"300.1.2.3", "1.2.3", "192.0.2.0/33", "192.0.2.1-192.0.2.9",
                                 "https://zoom.us/", "2001:db8::g", "8.8.8.8.", "7"}) {
            CAPTURE(text);
            CHECK(refusal_of(text).code == Code::bad_network);
        }
    }

    TEST_CASE("Zoom's lists hold networks alone") {
        CHECK(networks_of(list_of("192.0.2.0/24\n", as(ListFormat::zoom))).size() == 1);
        CHECK(refusal_of("zoom.us\n", as(ListFormat::zoom)).code == Code::bad_network);
    }

    TEST_CASE("what is no list says so") {
        CHECK(refusal_of("").text == "the list names neither networks nor names");
        CHECK(refusal_of("# nothing\n").code == Code::missing_key);
        CHECK(refusal_of(" \n<!DOCTYPE html>").text == "this is a web page, not a list");
        CHECK(refusal_of(std::string_view("1\0.\0", 4)).code == Code::bad_encoding);
    }

    TEST_CASE("what is quoted can't disturb a terminal") {
        CHECK(refusal_of("\x1b[2Jx\x9bz").text == "`?[2Jx?z` is not a domain name");
        CHECK(refusal_of(std::string(1'000'000, 'x')).text.size() < 200);
    }

    TEST_CASE("the number of entries is bounded, and the size") {
        std::string text;
        for (std::size_t i = 0; i < octroi::max_list_entries; ++i)
            text += "192.0.2.1\n";
        CHECK(list_of(text).networks.size() == octroi::max_list_entries);
        CHECK(refusal_of(text + "a.example").code == Code::too_many);
        CHECK(refusal_of(std::string(octroi::max_list_size + 1, '\n')).code == Code::too_large);
    }
}

TEST_SUITE("JSON lists") {
    TEST_CASE("of Microsoft's, Teams has its media relays alone, and its front ends as shared") {
        const VendorList relays = list_of(microsoft, teams);
        CHECK(networks_of(relays) == Texts{"52.112.0.0/14", "2603:1063::/38"});
        CHECK(relays.domains.empty());
        const VendorList all = list_of(microsoft, teams_shared);
        CHECK(networks_of(all) == Texts{"52.112.0.0/14", "2603:1063::/38", "2603:1027::/48"});
        CHECK(names_of(all) == Texts{"lync.com"});
    }

    TEST_CASE("of Microsoft's, nothing is taken for a service that it does not tell") {
        CHECK(refusal_of(microsoft).code == Code::unknown_service);
        CHECK(refusal_of(R"([{"id": 1, "serviceArea": "Exchange"}])", teams).text ==
              "the list lacks an entry of `teams`: service area Skype, ids 11");
        CHECK(
            refusal_of(R"([{"id": 11, "serviceArea": "Exchange", "ips": ["192.0.2.0/24"]}])", teams)
                .code == Code::missing_key);
    }

    TEST_CASE("Google's lists have a date, and the customers' one is known by its services") {
        constexpr std::string_view google = R"({"creationTime": "2026-08-25T10:00:00.1",
            "prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]})";
        const VendorList list = list_of(google);
        CHECK(networks_of(list) == Texts{"192.0.2.0/24", "2001:db8::/32"});
        CHECK(list.date == "2026-08-25");
        CHECK_FALSE(list.of_a_cloud);
        const VendorList cloud =
            list_of(R"({"prefixes": [{"ipv4Prefix": "192.0.2.0/24", "service": "Google Cloud"}]})");
        CHECK(cloud.of_a_cloud);
        CHECK(cloud.date.empty());
    }

    TEST_CASE("of Amazon's, Slack has the meetings' service") {
        constexpr std::string_view aws = R"({"createDate": "2026-08-25-10-00-00", "prefixes": [
            {"ip_prefix": "3.5.140.0/22", "service": "AMAZON"},
            {"ip_prefix": "99.77.128.0/18", "service": "CHIME_MEETINGS"}], "ipv6_prefixes": [
            {"ipv6_prefix": "2001:db8::/32", "service": "CHIME_MEETINGS"}]})";
        const VendorList list = list_of(aws, slack);
        CHECK(networks_of(list) == Texts{"99.77.128.0/18", "2001:db8::/32"});
        CHECK(list.date == "2026-08-25");
        CHECK(list.of_a_cloud);
        CHECK(refusal_of(aws).code == Code::unknown_service);
    }

    TEST_CASE("a list like Amazon's that names no services is taken whole") {
        const VendorList list =
            list_of(R"({"prefixes": [{"ip_prefix": "192.0.2.0/24"}]})", as(ListFormat::aws));
        CHECK(networks_of(list) == Texts{"192.0.2.0/24"});
        CHECK_FALSE(list.of_a_cloud);
    }

    TEST_CASE("a wrong type is named by the way to it") {
        struct Case {
            std::string_view text;
            std::string_view message;
        };

        for (const Case& each : std::vector<Case>{
                 {R"([7])", "list[0]: an object belongs here, not a number"},
                 {R"([{"id": "11"}])", "list[0].id: a number belongs here, not text"},
                 {R"([{}])", "list[0]: there is no \"id\""},
                 {R"([{"id": 11, "serviceArea": null}])",
                  "list[0].serviceArea: text belongs here, not null"},
                 {R"([{"id": 11, "serviceArea": "Skype", "ips": {}}])",
                  "list[0].ips: a list belongs here, not an object"},
                 {R"([{"id": 11, "serviceArea": "Skype", "ips": [[]]}])",
                  "list[0].ips[0]: text belongs here, not a list"},
                 {R"([{"id": 11, "serviceArea": "Skype", "ips": ["x"]}])",
                  "list[0].ips[0]: `x` is not an IPv4 or IPv6 network"},
                 {R"({"prefixes": true})", "list.prefixes: a list belongs here, not true or false"},
                 {R"({"prefixes": [{"ipv4Prefix": 1}]})",
                  "list.prefixes[0].ipv4Prefix: text belongs here, not a number"},
                 {R"({"values": []})", "there is no \"prefixes\""}})
            CHECK(refusal_of(each.text, teams).text == each.message);
    }

    TEST_CASE("broken JSON has its place") {
        const Finding finding = refusal_of("{\"prefixes\": [\n  }]");
        CHECK(finding.code == Code::syntax);
        CHECK(finding.position == Position{.line = 2, .column = 3});
        CHECK(refusal_of("7", as(ListFormat::google)).code == Code::wrong_type);
        CHECK(refusal_of("zoom.us", as(ListFormat::microsoft)).code == Code::syntax);
    }
}
