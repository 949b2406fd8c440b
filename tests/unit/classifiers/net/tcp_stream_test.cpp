#include "classifiers/net/tcp_stream.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using Result = octroi::TcpStream::Result;

namespace {

constexpr std::size_t plenty = 1UL << 20U;

// A stream that starts at `first`, with a budget of its own.
struct Fixture {
    explicit Fixture(std::uint32_t first = 1000, std::size_t limit = plenty) : budget(limit) {
        stream.start(first);
    }

    Result insert(std::size_t offset, std::string_view text) {
        return insert(offset, Bytes(wire::text(text)));
    }

    Result insert(std::size_t offset, Bytes bytes) {
        return stream.insert(stream.first_sequence() + static_cast<std::uint32_t>(offset), bytes,
                             budget);
    }

    [[nodiscard]] std::string text() const { return wire::text(stream.contiguous()); }

    MemoryBudget budget;
    TcpStream stream;
};

wire::Buffer counting(std::size_t size) {
    wire::Buffer bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    return bytes;
}

}  // namespace

TEST_SUITE("tcp stream") {
    TEST_CASE("segments in order are one text") {
        Fixture f;
        CHECK(f.insert(0, "abc") == Result::advanced);
        CHECK(f.insert(3, "def") == Result::advanced);
        CHECK(f.text() == "abcdef");
    }

    TEST_CASE("a later segment waits for the gap before it") {
        Fixture f;
        CHECK(f.insert(3, "def") == Result::unchanged);
        CHECK(f.text().empty());
        CHECK(f.insert(0, "abc") == Result::advanced);
        CHECK(f.text() == "abcdef");
    }

    TEST_CASE("a gap filled between two waiting segments joins all of them") {
        Fixture f;
        CHECK(f.insert(6, "ghi") == Result::unchanged);
        CHECK(f.insert(3, "d") == Result::unchanged);
        CHECK(f.insert(0, "abc") == Result::advanced);
        CHECK(f.text() == "abcd");
        CHECK(f.insert(4, "ef") == Result::advanced);
        CHECK(f.text() == "abcdefghi");
    }

    TEST_CASE("a retransmission changes nothing") {
        Fixture f;
        CHECK(f.insert(0, "abc") == Result::advanced);
        CHECK(f.insert(0, "abc") == Result::unchanged);
        CHECK(f.insert(1, "b") == Result::unchanged);
        CHECK(f.insert(5, "f") == Result::unchanged);
        CHECK(f.insert(5, "f") == Result::unchanged);
        CHECK(f.text() == "abc");
    }

    TEST_CASE("an overlap with the same octets adds what is new") {
        Fixture f;
        CHECK(f.insert(0, "abcd") == Result::advanced);
        CHECK(f.insert(2, "cdef") == Result::advanced);
        CHECK(f.text() == "abcdef");
    }

    TEST_CASE("an overlap with other octets is a conflict, in order or waiting") {
        Fixture in_order;
        CHECK(in_order.insert(0, "abcd") == Result::advanced);
        CHECK(in_order.insert(2, "cXef") == Result::conflict);
        Fixture waiting;
        CHECK(waiting.insert(4, "efgh") == Result::unchanged);
        CHECK(waiting.insert(2, "cdeX") == Result::conflict);
        Fixture last_octet;
        CHECK(last_octet.insert(0, "abcd") == Result::advanced);
        CHECK(last_octet.insert(3, "X") == Result::conflict);
        Fixture across;
        CHECK(across.insert(0, "ab") == Result::advanced);
        CHECK(across.insert(4, "ef") == Result::unchanged);
        CHECK(across.insert(0, "abcdeX") == Result::conflict);
    }

    TEST_CASE("one-octet segments in any order are one text") {
        const wire::Buffer whole = counting(10'000);
        std::vector<std::size_t> order(whole.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::shuffle(order, std::mt19937(1));  // NOLINT(cert-msc51-cpp): repeatable
        Fixture f;
        for (const std::size_t offset : order)
            REQUIRE(f.insert(offset, Bytes(whole).subspan(offset, 1)) != Result::conflict);
        CHECK(std::ranges::equal(f.stream.contiguous(), whole));
    }

    TEST_CASE("sequence numbers go on over 2^32") {
        Fixture f(0xfffffffe);
        CHECK(f.insert(4, "ef") == Result::unchanged);
        CHECK(f.insert(0, "abcd") == Result::advanced);
        CHECK(f.text() == "abcdef");
    }

    TEST_CASE("what lies before the start is cut off") {
        Fixture f(1);
        CHECK(f.stream.insert(0xfffffffe, wire::text("xyzab"), f.budget) == Result::advanced);
        CHECK(f.text() == "ab");
        CHECK(f.stream.insert(0xfffffffe, wire::text("xyz"), f.budget) == Result::unchanged);
        CHECK(f.stream.insert(1U + 0x80000000U, wire::text("far"), f.budget) == Result::unchanged);
        CHECK(f.text() == "ab");
    }

    TEST_CASE("what lies beyond 64 KiB is cut off") {
        const wire::Buffer whole = counting(TcpStream::capacity + 1000);
        Fixture f;
        CHECK(f.insert(TcpStream::capacity, "beyond") == Result::unchanged);
        CHECK(f.insert(1000, Bytes(whole).subspan(1000)) == Result::unchanged);
        CHECK(f.insert(0, Bytes(whole).first(1000)) == Result::advanced);
        CHECK(std::ranges::equal(f.stream.contiguous(), Bytes(whole).first(TcpStream::capacity)));
        CHECK(f.insert(TcpStream::capacity, "beyond") == Result::unchanged);
        CHECK(f.insert(TcpStream::capacity - 1, "no") == Result::conflict);
    }

    TEST_CASE("an empty segment is nothing") {
        Fixture f;
        CHECK(f.insert(0, "") == Result::unchanged);
        CHECK(f.insert(7, "") == Result::unchanged);
        CHECK(f.budget.used() == 0);
    }

    TEST_CASE("a segment over the budget is refused and not stored") {
        Fixture f(1000, 3000);
        CHECK(f.insert(0, "abc") == Result::advanced);
        CHECK(f.insert(2048, "x") == Result::no_memory);
        CHECK(f.text() == "abc");
        CHECK(f.budget.used() <= 3000);
        CHECK(f.insert(3, "def") == Result::advanced);  // still within the first page
    }

    TEST_CASE("an octet behind a gap costs a page, not the gap") {
        Fixture f;
        CHECK(f.insert(60'000, "x") == Result::unchanged);
        CHECK(f.budget.used() < 4096);
        CHECK(f.insert(30'000, "y") == Result::unchanged);
        CHECK(f.budget.used() < 4096);
    }

    TEST_CASE("the budget counts no less than the octets kept, and gets everything back") {
        MemoryBudget budget(plenty);
        {
            TcpStream stream;
            stream.start(0);
            CHECK(stream.insert(0, counting(5000), budget) == Result::advanced);
            CHECK(budget.used() >= 5000);
            CHECK(budget.used() <= 10'000);
            stream.clear();
            CHECK(budget.used() == 0);
            CHECK_FALSE(stream.started());
            stream.start(0);
            CHECK(stream.insert(1, wire::text("x"), budget) == Result::unchanged);
            CHECK(budget.used() > 0);
        }
        CHECK(budget.used() == 0);
    }

    TEST_CASE("only a first segment at the very start begins the stream") {
        Fixture f;
        CHECK(f.stream.begins_with(1000));
        CHECK_FALSE(f.stream.begins_with(1001));
        CHECK(f.insert(5, "x") == Result::unchanged);
        CHECK_FALSE(f.stream.begins_with(1000));
    }

    TEST_CASE("random segmentation with overlaps always gives the text back") {
        const wire::Buffer whole = counting(4000);
        for (unsigned seed = 0; seed < 50; ++seed) {
            CAPTURE(seed);
            std::mt19937 random(seed);  // NOLINT(cert-msc51-cpp): repeatable
            Fixture f(static_cast<std::uint32_t>(0xffffff00U + seed));
            while (f.stream.contiguous().size() < whole.size()) {
                const std::size_t offset = random() % whole.size();
                const std::size_t size =
                    std::min<std::size_t>(1 + random() % 600, whole.size() - offset);
                const Bytes before = f.stream.contiguous();
                const std::size_t known = before.size();
                const Result result = f.insert(offset, Bytes(whole).subspan(offset, size));
                REQUIRE(result == (f.stream.contiguous().size() > known ? Result::advanced
                                                                        : Result::unchanged));
            }
            REQUIRE(std::ranges::equal(f.stream.contiguous(), whole));
        }
    }
}
