#include "rules/text/yaml.hpp"

#include <filesystem>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/unit/temporary_folder.hpp"

using octroi::Code;
using octroi::Finding;
using octroi::Position;
using octroi::yaml::Kind;
using octroi::yaml::Node;
using octroi::yaml::parse;

namespace {

Node root_of(std::string text) {
    const auto document = parse("sample.yaml", std::move(text));
    if (!document)
        FAIL(octroi::render(document.error()));
    return document->root;
}

Finding refusal_of(std::string text) {
    const auto document = parse("sample.yaml", std::move(text));
    if (document)
        FAIL("was not refused");
    return document.error();
}

std::string repeated(std::string_view part, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += part;
    return text;
}

std::string nested_lists(std::size_t depth) {
    return repeated("[", depth) + repeated("]", depth);
}

Position at(std::size_t line, std::size_t column) {
    return {.line = line, .column = column};
}

}  // namespace

TEST_SUITE("yaml nodes") {
    TEST_CASE("maps, lists and values come with their places") {
        const Node root = root_of("zones:\n  pilot: [10.0.0.0/8, '::1']\nempty:\n");
        REQUIRE(root.kind == Kind::map);
        CHECK(root.position == at(1, 1));
        const Node* zones = root.find("zones");
        REQUIRE(zones != nullptr);
        const Node* pilot = zones->find("pilot");
        REQUIRE(pilot != nullptr);
        CHECK(zones->keys[0].position == at(2, 3));
        CHECK(pilot->kind == Kind::sequence);
        CHECK(pilot->position == at(2, 10));
        REQUIRE(pilot->items.size() == 2);
        CHECK(pilot->items[1].scalar == "::1");
        CHECK(pilot->items[1].position == at(2, 23));
        CHECK(root.find("empty")->kind == Kind::null);
        CHECK(root.find("absent") == nullptr);
    }

    TEST_CASE("null is what stands plain, not what is quoted") {
        const Node root = root_of("[~, null, '', 'null', \"~\", ]");
        CHECK(root.items[0].kind == Kind::null);
        CHECK(root.items[1].kind == Kind::null);
        CHECK(root.items[2].kind == Kind::scalar);
        CHECK(root.items[3].scalar == "null");
        CHECK(root.items[4].scalar == "~");
    }

    TEST_CASE("an alias stands for its value, at the place where it is used") {
        const Node root = root_of("a: &nets [10.0.0.0/8]\nb: *nets\n");
        const Node* alias = root.find("b");
        REQUIRE(alias != nullptr);
        REQUIRE(alias->items.size() == 1);
        CHECK(alias->items[0].scalar == "10.0.0.0/8");
        CHECK(alias->position == at(2, 4));
    }

    TEST_CASE("an empty file and a file of comments are nothing, not an error") {
        CHECK(root_of("").kind == Kind::null);
        CHECK(root_of("# nothing yet\n\n").kind == Kind::null);
        CHECK(root_of("---\n").kind == Kind::null);
    }

    TEST_CASE("CRLF line ends change neither values nor places") {
        const Node root = root_of("a: 1\r\nb:\r\n  - two\r\n");
        CHECK(root.find("a")->scalar == "1");
        CHECK(root.find("b")->items[0].scalar == "two");
        CHECK(root.find("b")->items[0].position == at(3, 5));
    }

    TEST_CASE("a quoted line has neither its line feed nor its carriage return") {
        const auto document = parse("sample.yaml", "a: 1\r\nb: 2\r\n");
        REQUIRE(document);
        CHECK(document->finding(Code::syntax, at(2, 1), "x").source_line == "b: 2");
        CHECK(document->finding(Code::syntax, at(9, 1), "x").source_line.empty());
    }

    TEST_CASE("a byte order mark is skipped") {
        CHECK(root_of("\xef\xbb\xbfoctroi: 1\n").find("octroi") != nullptr);
    }

    TEST_CASE("text beyond ASCII is kept as it is, columns count octets") {
        const Node root = root_of("{é: l'État, 日本: 𝄞}");
        CHECK(root.find("é")->scalar == "l'État");
        CHECK(root.find("日本")->scalar == "𝄞");
        CHECK(root.keys[1].position == at(1, 15));
    }
}

TEST_SUITE("yaml refusals") {
    TEST_CASE("a syntax error names its place and quotes its line") {
        const Finding finding = refusal_of("rules:\n  - {name: x\nthen: accept\n");
        CHECK(finding.code == Code::syntax);
        CHECK(finding.file == "sample.yaml");
        CHECK(finding.position.line == 3);
        CHECK(finding.source_line == "then: accept");
    }

    TEST_CASE("a tab as indentation is named as such") {
        const Finding finding = refusal_of("rules:\n\t- name: x\n");
        CHECK(finding.code == Code::syntax);
        CHECK(finding.position.line == 2);
        CHECK(finding.hint == "YAML indents with spaces, not with tabs");
    }

    TEST_CASE("a syntax error without a tab has no hint about tabs") {
        CHECK(refusal_of("a: [1\nb: 2\n").hint.empty());
    }

    TEST_CASE("a key twice in one map points at the second one and tells of the first") {
        const Finding finding = refusal_of("a: 1\nb: {c: 1, d: 2, c: 3}\n");
        CHECK(finding.code == Code::duplicate_key);
        CHECK(finding.position == at(2, 17));
        CHECK(finding.text.find("`c`") != std::string::npos);
        CHECK(finding.hint == "the first one is on line 2");
    }

    TEST_CASE("a key twice is found in maps inside lists, and equal keys of two maps are not") {
        CHECK(refusal_of("- x\n- {a: 1, a: 2}\n").position == at(2, 10));
        CHECK(root_of("- {a: 1}\n- {a: 1}\n").items.size() == 2);
    }

    TEST_CASE("a quoted key equals the plain one") {
        CHECK(refusal_of("rules: 1\n\"rules\": 2\n").code == Code::duplicate_key);
    }

    TEST_CASE("keys that are not plain words are refused") {
        for (const char* text : {"? [a, b]\n: 1\n", "? {a: 1}\n: 1\n", "~: 1\n", "{: 1}"}) {
            CAPTURE(text);
            CHECK(refusal_of(text).code == Code::wrong_type);
            CHECK(refusal_of(text).position.line == 1);
        }
    }

    TEST_CASE("a second document is refused where it starts") {
        const Finding finding = refusal_of("a: 1\n---\nb: 2\n");
        CHECK(finding.code == Code::syntax);
        CHECK(finding.position == at(3, 1));
        CHECK(root_of("---\na: 1\n...\n").find("a") != nullptr);
    }

    TEST_CASE("an alias inside the value that it stands for is refused") {
        const Finding finding = refusal_of("a: &loop [1, *loop]\n");
        CHECK(finding.code == Code::syntax);
        CHECK(finding.position == at(1, 14));
    }

    TEST_CASE("an alias without an anchor is refused") {
        CHECK(refusal_of("a: 1\nb: *nowhere\n").position.line == 2);
    }

    TEST_CASE("text that is not UTF-8 is refused at its first bad octet") {
        const Finding lone = refusal_of("a: 1\nb: \"x\xff\"\n");
        CHECK(lone.code == Code::bad_encoding);
        CHECK(lone.position == at(2, 6));
        CHECK(refusal_of("a: \xc3(\n").position == at(1, 4));        // continuation missing
        CHECK(refusal_of("a: \xe2\x82").position == at(1, 4));       // cut off
        CHECK(refusal_of("a: \xc0\xaf\n").position == at(1, 4));     // overlong
        CHECK(refusal_of("a: \x80\n").position == at(1, 4));         // continuation alone
        CHECK(refusal_of("é: 1\nb: é\xf5\n").position == at(2, 6));  // columns count octets
    }

    TEST_CASE("control characters are refused, among them what UTF-16 is full of") {
        CHECK(refusal_of(std::string("a: \0b\n", 6)).position == at(1, 4));
        CHECK(refusal_of("a: \x1b[31m\n").code == Code::bad_encoding);
        CHECK(refusal_of("a: \x7f\n").code == Code::bad_encoding);
        CHECK(refusal_of("a: \u0085b\n").code == Code::bad_encoding);
        CHECK(refusal_of("a: \u202eb\n").code == Code::bad_encoding);
        CHECK(root_of("a: \u00e9\u20ac\u2019\n").values[0].scalar == "\u00e9\u20ac\u2019");
    }

    TEST_CASE("no escape brings them back") {
        for (const char* escape : {"\\e[31m", "\\x07", "\\0", "\\u009b", "\\u202e", "\\N"}) {
            CAPTURE(escape);
            const Finding finding = refusal_of("octroi: 1\na: \"x" + std::string(escape) + "\"\n");
            CHECK(finding.code == Code::bad_encoding);
            CHECK(finding.position == at(2, 4));
        }
    }

    TEST_CASE("what UTF-16 is full of is refused at its begin") {
        CHECK(refusal_of(std::string("\xff\xfe"
                                     "a\0",
                                     4))
                  .position == at(1, 1));
    }
}

TEST_SUITE("yaml limits") {
    TEST_CASE("values may be nested as deep as the limit, not deeper") {
        CHECK(root_of(nested_lists(octroi::yaml::max_nesting)).kind == Kind::sequence);
        const Finding finding = refusal_of(nested_lists(octroi::yaml::max_nesting + 1));
        CHECK(finding.code == Code::nesting);
        CHECK(finding.position == at(1, octroi::yaml::max_nesting + 1));
    }

    TEST_CASE("a hundred thousand levels are refused like thirty-three") {
        for (const std::string_view open : {"[", "{", "{a: ", "- ", "? "}) {
            CAPTURE(open);
            CHECK_FALSE(parse("sample.yaml", repeated(open, 100'000)));
        }
        CHECK(refusal_of(nested_lists(100'000)).code == Code::nesting);
    }

    TEST_CASE("open brackets are refused before yaml-cpp collects all that stands in them") {
        const std::string open(1000, '[');
        CHECK(refusal_of("a\n" + open + "[").position == at(2, 1001));
        CHECK(refusal_of(open + std::string(8'000'000 - open.size(), '{')).position == at(1, 1001));
        CHECK(root_of("a: \"" + open + std::string(1000, ']') + open + "\"\n").kind == Kind::map);
    }

    TEST_CASE("aliases cannot nest deeper than values") {
        std::string text = "- &a0 [x]\n";
        for (int i = 1; i < 40; ++i)
            text += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
        CHECK(refusal_of(text).code == Code::nesting);
    }

    TEST_CASE("aliases may expand to the limit, not to one value more") {
        const std::size_t limit = octroi::yaml::max_nodes_from_aliases - 1;  // the anchor is one
        const auto list = [](std::size_t aliases) {
            return "[&a x" + repeated(",*a", aliases) + "]";
        };
        CHECK(root_of(list(limit)).items.size() == limit + 1);
        const Finding finding = refusal_of(list(limit + 1));
        CHECK(finding.code == Code::too_many_nodes);
        CHECK(finding.position == at(1, 7 + 3 * limit));
    }

    TEST_CASE("an alias counts with everything inside it") {
        std::string text = "- &a [1,2,3,4,5,6,7,8,9]\n";  // ten values
        text += repeated("- *a\n", 9'999);
        CHECK(root_of(text).items.size() == 10'000);
        CHECK(refusal_of(text + "- *a\n").code == Code::too_many_nodes);
    }

    TEST_CASE("an alias bomb is refused before it goes off") {
        std::string text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
        for (char name = 'b'; name <= 'k'; ++name) {
            const std::string alias = std::string("*") + static_cast<char>(name - 1);
            text += std::string(1, name) + ": &" + name + " [" + alias;
            text += repeated("," + alias, 9) + "]\n";
        }
        const Finding finding = refusal_of(text);
        CHECK(finding.code == Code::too_many_nodes);
        CHECK(finding.position.line == 5);
    }

    TEST_CASE("a file of exactly the limit is read, one octet more is refused") {
        std::string text = "octroi: 1\n#";
        text.resize(octroi::yaml::max_file_size, ' ');
        CHECK(root_of(text).find("octroi") != nullptr);
        const Finding finding = refusal_of(text + " ");
        CHECK(finding.code == Code::too_large);
        CHECK(finding.position == Position{});
    }
}

TEST_SUITE("yaml files") {
    TEST_CASE("a file is read whole") {
        const octroi::TemporaryFolder folder;
        const auto document = octroi::yaml::load(folder.write("a.yaml", "a: 1\n"));
        REQUIRE(document);
        CHECK(document->file == folder.path("a.yaml"));
        CHECK(document->root.find("a")->scalar == "1");
    }

    TEST_CASE("a missing file and a folder say what they are") {
        const octroi::TemporaryFolder folder;
        const auto missing = octroi::yaml::load(folder.path("none.yaml"));
        REQUIRE_FALSE(missing);
        CHECK(missing.error().code == Code::unreadable);
        CHECK(missing.error().text == "there is no such file");
        const auto directory = octroi::yaml::load(folder.path(""));
        REQUIRE_FALSE(directory);
        CHECK(directory.error().code == Code::unreadable);
        CHECK(directory.error().text == "this is not a regular file");
        CHECK_FALSE(octroi::yaml::load("/dev/zero"));
    }

    TEST_CASE("a file over the limit is refused without being read to its end") {
        const octroi::TemporaryFolder folder;
        const std::string path = folder.write("big.yaml", "a: 1\n");
        std::filesystem::resize_file(path, std::uintmax_t{1} << 40U);
        const auto document = octroi::yaml::load(path);
        REQUIRE_FALSE(document);
        CHECK(document.error().code == Code::too_large);
    }
}
