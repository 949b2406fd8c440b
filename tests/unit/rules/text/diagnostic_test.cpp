#include "rules/text/diagnostic.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using octroi::Code;
using octroi::Finding;
using octroi::nearest;
using octroi::render;
using octroi::Severity;

namespace {

Finding unknown_service(std::size_t column, std::string line) {
    return {.code = Code::unknown_service,
            .file = "policy.yaml",
            .position = {.line = 12, .column = column},
            .text = "`zom` is not a service",
            .source_line = std::move(line),
            .hint = "did you mean `zoom`?"};
}

// The column of the caret in the shown line, or npos where there is none.
std::size_t caret_offset(const std::string& rendered) {
    const std::size_t bar = rendered.rfind(" | ");
    return rendered.find('^', bar) - bar - 3;
}

std::string shown_line(const std::string& rendered) {
    const std::size_t begin = rendered.find(" | ") + 3;
    return rendered.substr(begin, rendered.find('\n', begin) - begin);
}

}  // namespace

TEST_SUITE("diagnostic") {
    TEST_CASE("a finding shows its place, the line, a caret under the column and the hint") {
        CHECK(render(unknown_service(21, "    when: {service: [zom]}")) ==
              "policy.yaml:12:21: error[E012]: `zom` is not a service\n"
              " 12 |     when: {service: [zom]}\n"
              "    |                     ^\n"
              "   hint: did you mean `zoom`?\n");
    }

    TEST_CASE("a warning says so") {
        Finding finding = unknown_service(1, "");
        finding.code = Code::never_decides;
        CHECK(render(finding).starts_with("policy.yaml:12:1: warning[W001]: "));
    }

    TEST_CASE("a finding about the whole file names no line and draws no caret") {
        CHECK(render({.code = Code::too_large, .file = "big.yaml", .text = "the file is large"}) ==
              "big.yaml: error[E002]: the file is large\n");
    }

    TEST_CASE("a finding on an empty line draws no caret") {
        CHECK(render(unknown_service(1, "")) ==
              "policy.yaml:12:1: error[E012]: `zom` is not a service\n"
              "   hint: did you mean `zoom`?\n");
    }

    TEST_CASE("the caret can stand behind the last character, never further") {
        CHECK(caret_offset(render(unknown_service(4, "abc"))) == 3);
        CHECK(caret_offset(render(unknown_service(900, "abc"))) == 3);
    }

    TEST_CASE("a long line is cut around the caret") {
        const std::string line = std::string(5000, 'a') + "X" + std::string(5000, 'b');
        const std::string rendered = render(unknown_service(5001, line));
        CHECK(shown_line(rendered).size() <= 160);
        CHECK(shown_line(rendered)[caret_offset(rendered)] == 'X');
    }

    TEST_CASE("the caret points at its character at every column of a long line") {
        std::string line;
        for (std::size_t i = 0; i < 700; ++i)
            line += static_cast<char>('!' + i % 90);
        for (std::size_t column = 1; column <= line.size(); ++column) {
            CAPTURE(column);
            const std::string rendered = render(unknown_service(column, line));
            REQUIRE(shown_line(rendered).size() <= 160);
            REQUIRE(shown_line(rendered)[caret_offset(rendered)] == line[column - 1]);
        }
    }

    TEST_CASE("tabs and control characters of the line do not reach the terminal") {
        const std::string rendered = render(unknown_service(3, "\t\x1b[2Jx\x7f"));
        CHECK(shown_line(rendered) == "  [2Jx ");
        CHECK(caret_offset(rendered) == 2);
    }

    TEST_CASE("a misspelt word finds its neighbour") {
        const std::vector<std::string_view> services = {"zoom", "teams", "meet", "visio", "tchap"};
        CHECK(nearest("zom", services) == "zoom");
        CHECK(nearest("zooom", services) == "zoom");
        CHECK(nearest("vsio", services) == "visio");
        CHECK(nearest("visoi", services).empty());  // two changes in five letters
        CHECK(nearest("tchapp", services) == "tchap");
        CHECK(nearest("taems", {"defaults", "reason", "team"}).empty());
    }

    TEST_CASE("of several neighbours the nearest is named, the first one of equals") {
        CHECK(nearest("rules", {"rule", "rules"}) == "rules");
        CHECK(nearest("mett", {"meet", "mets", "matt"}) == "meet");
    }

    TEST_CASE("a longer word may differ in a third of its letters") {
        CHECK(nearest("videoconferencng", {"video-conferencing", "messaging"}) ==
              "video-conferencing");
        CHECK(nearest("jurisdicton", {"service", "jurisdiction"}) == "jurisdiction");
    }

    TEST_CASE("a word that resembles nothing gets no suggestion") {
        CHECK(nearest("netflix", {"zoom", "teams"}).empty());
        CHECK(nearest("", {"zoom", "x"}).empty());
        CHECK(nearest("zoom", {}).empty());
    }

    TEST_CASE("enormous words are not compared") {
        const std::string huge(100'000, 'z');
        CHECK(nearest(huge, {"zoom"}).empty());
        CHECK(nearest("zoom", {std::string_view(huge)}).empty());
    }
}
