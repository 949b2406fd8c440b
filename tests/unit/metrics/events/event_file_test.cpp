#include "metrics/events/event_file.hpp"

#include <array>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

// `printf 'one\ntwo\n' | gzip -n`
constexpr std::array<unsigned char, 28> gzipped = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,  // header
    0xcb, 0xcf, 0x4b, 0xe5, 0x2a, 0x29, 0xcf, 0xe7, 0x02, 0x00,  // deflate
    0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00};             // CRC-32, length

std::string packed() {
    return {gzipped.begin(), gzipped.end()};
}

struct Read {
    std::vector<std::string> lines;
    std::size_t too_long = 0;
    std::string cut_off;
    std::string sha256;
    std::uint64_t octets = 0;
};

Read read(const std::string& content) {
    const TemporaryFolder folder;
    auto file = EventFile::open(folder.write("events", content)).value();
    Read result;
    std::string line;
    for (auto next = file.next(line); next != EventFile::Next::end; next = file.next(line))
        if (next == EventFile::Next::line)
            result.lines.push_back(line);
        else
            ++result.too_long;
    result.cut_off = file.cut_off();
    result.sha256 = file.sha256();
    result.octets = file.octets();
    return result;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_SUITE("event file") {
    TEST_CASE("it gives plain lines, the last one without its end too") {
        CHECK(read("one\ntwo\n").lines == Lines{"one", "two"});
        CHECK(read("one\n\ntwo").lines == Lines{"one", "", "two"});
        CHECK(read("").lines.empty());
        CHECK(read("one\n").cut_off.empty());
    }

    TEST_CASE("it hashes the file as it lies there") {
        CHECK(read("one\ntwo\n").sha256 ==
              "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8");
        CHECK(read("").sha256 ==
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    TEST_CASE("it unpacks gzip, and one packed part behind the other") {
        const Read once = read(packed());
        CHECK(once.lines == Lines{"one", "two"});
        CHECK(once.octets == gzipped.size());
        CHECK(once.cut_off.empty());
        CHECK(read(packed() + packed()).lines == Lines{"one", "two", "one", "two"});
    }

    TEST_CASE("packed data that end early or are damaged give what they hold, and are named") {
        CHECK(read(packed().substr(0, 20)).lines == Lines{"one", "two"});
        CHECK_FALSE(read(packed().substr(0, 20)).cut_off.empty());
        CHECK_FALSE(read(packed() + "and more").cut_off.empty());
        std::string damaged = packed();
        damaged[20] = 'x';
        CHECK_FALSE(read(damaged).cut_off.empty());
    }

    TEST_CASE("a line that is too long is one, and the next is given again") {
        const std::string longest(EventFile::max_line, 'x');
        const Read result = read(longest + "\n" + longest + "y\n" + longest + longest + "\nnext\n");
        CHECK(result.lines == Lines{longest, "next"});
        CHECK(result.too_long == 2);
    }

    TEST_CASE("a file that is none is an error with its cause") {
        CHECK(EventFile::open("/nonexistent/events").error() ==
              "can't read /nonexistent/events: No such file or directory");
        CHECK(EventFile::open("/tmp").error() == "/tmp is a folder");
    }
}
