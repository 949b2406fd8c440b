#include "rules/text/json.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using octroi::Code;
using octroi::Finding;
using octroi::Position;
using octroi::json::Kind;
using octroi::json::parse;
using octroi::json::Value;

namespace {

Value value_of(std::string_view text) {
    CAPTURE(text);
    auto value = parse("list.json", text);
    REQUIRE(value);
    return std::move(*value);
}

Finding refusal_of(std::string_view text) {
    CAPTURE(text.substr(0, 100));
    const auto value = parse("list.json", text);
    REQUIRE_FALSE(value);
    CHECK(value.error().file == "list.json");
    CHECK_FALSE(value.error().text.empty());
    return value.error();
}

std::string repeated(std::string_view text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
        all += text;
    return all;
}

}  // namespace

TEST_SUITE("json") {
    TEST_CASE("each kind of value is told apart") {
        const Value root = value_of(R"({"a": [null, true, -1, 11, 1.50, "x\u00e9\n"], "b": {}})");
        REQUIRE(root.kind == Kind::object);
        const Value* list = root.find("a");
        REQUIRE(list != nullptr);
        REQUIRE(list->items.size() == 6);
        CHECK(list->items[0].kind == Kind::null);
        CHECK(list->items[1].kind == Kind::boolean);
        CHECK(list->items[2].text == "-1");
        CHECK(list->items[3].text == "11");
        CHECK(list->items[4].text == "1.50");
        CHECK(list->items[5].kind == Kind::text);
        CHECK(list->items[5].text == "x\u00e9\n");
        CHECK(root.find("b")->kind == Kind::object);
        CHECK(root.find("c") == nullptr);
        CHECK(list->find("a") == nullptr);
    }

    TEST_CASE("a single value is a whole text") {
        CHECK(value_of(" 7 ").text == "7");
    }

    TEST_CASE("syntax errors have a place") {
        const Finding comma = refusal_of("{\n  \"a\": [1,]\n}");
        CHECK(comma.code == Code::syntax);
        CHECK(comma.position == Position{.line = 2, .column = 11});
        CHECK(comma.source_line == "  \"a\": [1,]");
        CHECK(refusal_of("[1, 2").text == "the JSON text ends too early");
        CHECK(refusal_of("").text == "the JSON text ends too early");
        CHECK(refusal_of("[1] [2]").code == Code::syntax);
        CHECK(refusal_of("[\"\xe9\"]").code == Code::syntax);  // Latin-1
        CHECK(refusal_of("[1e999999]").code == Code::syntax);
    }

    TEST_CASE("a key twice in one object is refused, in two objects not") {
        CHECK(value_of(R"([{"a": 1}, {"a": 2}])").items.size() == 2);
        const Finding twice = refusal_of(R"({"a": 1, "b": 2, "a": 3})");
        CHECK(twice.code == Code::duplicate_key);
        CHECK(twice.text == "the key \"a\" stands twice in one object");
    }

    TEST_CASE("nesting is bounded before anything is built") {
        const std::size_t limit = octroi::json::max_nesting;
        CHECK(value_of(repeated("[", limit) + repeated("]", limit)).kind == Kind::list);
        CHECK(refusal_of(repeated("[", limit + 1) + repeated("]", limit + 1)).code ==
              Code::nesting);
        CHECK(refusal_of(repeated("{\"a\":", 1'000'000)).code == Code::nesting);
    }

    TEST_CASE("the number of values is bounded") {
        const std::size_t limit = octroi::json::max_values;
        CHECK(value_of("[" + repeated("1,", limit - 2) + "1]").items.size() == limit - 1);
        CHECK(refusal_of("[" + repeated("1,", limit - 1) + "1]").code == Code::too_many_nodes);
    }

    TEST_CASE("a quoted text reads as itself") {
        for (const char* text : {"", "a\"b\\c", "tab\tline\n", "caf\u00e9", "\x01"}) {
            const Value list = value_of("[" + octroi::json::quote(text) + "]");
            CHECK(list.items[0].text == text);
        }
        CHECK(octroi::json::quote("\xff") == "\"\ufffd\"");
    }
}
