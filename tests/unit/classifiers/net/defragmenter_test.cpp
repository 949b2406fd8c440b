// Tests of classifiers/net/defragmenter.cpp.
#include "classifiers/net/defragmenter.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <doctest/doctest.h>

#include "classifiers/net/checksums.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using namespace std::chrono_literals;
using wire::Buffer;

namespace {

constexpr std::size_t more = 0x2000;

const Buffer datagram = wire::udp(50000, 443, wire::text("0123456789abcdefghijklmnopqrstuv"));

// The octets `begin` to `end` of the datagram in a fragment.
Buffer part(std::size_t begin, std::size_t end, std::size_t flags = more) {
    return wire::ipv4({.protocol = 17, .fragment = flags | begin / 8},
                      Bytes(datagram).subspan(begin, end - begin));
}

// RFC 8200 4.5, behind hop-by-hop options.
Buffer part_6(std::size_t begin, std::size_t end, bool last, std::size_t identification = 7) {
    const Buffer payload = wire::Fields()
                               .u8(44)                        // next header: fragment
                               .u8(0)                         // length
                               .fill(6, 0)                    // padding
                               .u8(17)                        // next header: UDP
                               .u8(0)                         // reserved
                               .u16(begin | (last ? 0 : 1U))  // offset, more fragments
                               .u32(identification)
                               .bytes(Bytes(datagram).subspan(begin, end - begin))
                               .take();
    return wire::ipv6({.next_header = 0}, payload);
}

// The payload of the datagram that `packet` completes.
std::string taken(Defragmenter& defragmenter, const Buffer& packet, Time time = {}) {
    const auto whole = defragmenter.take(packet, time);
    if (!whole)
        return "waits";
    const auto decoded = decode_packet(*whole, {});
    return decoded ? wire::text(decoded->payload) : "(not decoded)";
}

const std::string text = "0123456789abcdefghijklmnopqrstuv";

}  // namespace

TEST_SUITE("defragmenter") {
    TEST_CASE("a packet that is no fragment is given where it lies") {
        Defragmenter defragmenter;
        const Buffer packet = wire::ipv4({.protocol = 17, .fragment = 0x4000}, datagram);
        CHECK(defragmenter.take(packet, {})->data() == packet.data());
        const Buffer atomic = part_6(0, datagram.size(), true);  // RFC 6946
        CHECK(defragmenter.take(atomic, {})->data() == atomic.data());
        CHECK(defragmenter.lost() == 0);
    }

    TEST_CASE("fragments in any order make a datagram with a sound header") {
        for (const bool turned : {false, true}) {
            Defragmenter defragmenter;
            CHECK(taken(defragmenter, turned ? part(24, 40, 0) : part(0, 8)) == "waits");
            CHECK(taken(defragmenter, part(8, 24)) == "waits");
            const auto whole = defragmenter.take(turned ? part(0, 8) : part(24, 40, 0), {});
            REQUIRE(whole);
            CHECK(whole->size() == 20 + datagram.size());
            const auto packet = decode_packet(*whole, {});
            REQUIRE(packet);
            CHECK(wire::text(packet->payload) == text);
            CHECK(packet->length == 20 + datagram.size());
            CHECK(checksums_of(*packet, *whole).header == Checksum::right);
            CHECK(defragmenter.lost() == 0);
        }
    }

    TEST_CASE("IPv6 fragments leave the headers before the fragment header") {
        Defragmenter defragmenter;
        CHECK(taken(defragmenter, part_6(16, 40, true)) == "waits");
        const auto whole = defragmenter.take(part_6(0, 16, false), {});
        REQUIRE(whole);
        CHECK(whole->size() == 40 + 8 + datagram.size());
        const auto packet = decode_packet(*whole, {});
        REQUIRE(packet);
        CHECK(wire::text(packet->payload) == text);
        CHECK(packet->length == whole->size());
    }

    TEST_CASE("a fragment that overlaps another one takes the datagram away") {
        Defragmenter defragmenter;
        CHECK(taken(defragmenter, part(0, 16)) == "waits");
        CHECK(taken(defragmenter, part(8, 24)) == "waits");
        CHECK(defragmenter.lost() == 2);
        CHECK(taken(defragmenter, part(24, 40, 0)) == "waits");  // a datagram of its own
        CHECK(taken(defragmenter, part(8, 24)) == "waits");
        CHECK(taken(defragmenter, part(0, 8)) == text);
        CHECK(defragmenter.lost() == 2);
    }

    TEST_CASE("a duplicate inside what is there changes nothing") {
        Defragmenter defragmenter;
        CHECK(taken(defragmenter, part(0, 16)) == "waits");
        CHECK(taken(defragmenter, part(0, 16)) == "waits");
        CHECK(taken(defragmenter, part(8, 16)) == "waits");
        CHECK(taken(defragmenter, part(16, 40, 0)) == text);
        CHECK(defragmenter.lost() == 0);
    }

    TEST_CASE("an end that contradicts another one takes the datagram away") {
        const auto lost_after = [](const std::vector<Buffer>& parts) {
            Defragmenter defragmenter;
            for (const Buffer& packet : parts)
                CHECK(taken(defragmenter, packet) == "waits");
            return defragmenter.lost();
        };
        CHECK(lost_after({part(16, 24, 0), part(24, 32), part(0, 16)}) == 3);
        CHECK(lost_after({part(24, 32), part(8, 16, 0), part(16, 24)}) == 3);
        CHECK(lost_after({part(8, 16, 0), part(8, 24, 0)}) == 2);
    }

    TEST_CASE("fragments of different datagrams never meet") {
        Defragmenter defragmenter;
        CHECK(taken(defragmenter, part_6(0, 16, false, 7)) == "waits");
        CHECK(taken(defragmenter, part_6(16, 40, true, 8)) == "waits");
        CHECK(taken(defragmenter, part_6(16, 40, true, 7)) == text);
        CHECK(taken(defragmenter, part(0, 16)) == "waits");
        Buffer other =
            wire::ipv4({.source = wire::address("10.0.0.2"), .protocol = 17, .fragment = 2},
                       Bytes(datagram).subspan(16));
        CHECK(taken(defragmenter, other) == "waits");
        CHECK(taken(defragmenter, part(16, 40, 0)) == text);
    }

    TEST_CASE("a datagram waits for its fragments half a minute, of IPv6 a minute") {
        Defragmenter defragmenter;
        const Time start{1'000'000s};
        CHECK(taken(defragmenter, part(0, 16), start) == "waits");
        CHECK(taken(defragmenter, part(16, 40, 0), start + 30s) == text);
        CHECK(taken(defragmenter, part(0, 16), start) == "waits");
        CHECK(taken(defragmenter, part(16, 40, 0), start + 31s) == "waits");
        CHECK(taken(defragmenter, part_6(0, 16, false), start) == "waits");
        CHECK(taken(defragmenter, part_6(16, 40, true), start + 60s) == text);
        CHECK(defragmenter.lost() == 2);
    }

    TEST_CASE("what the capture cut short is given as it is") {
        Defragmenter defragmenter;
        Buffer cut = part(0, 16);
        cut.resize(cut.size() - 1);
        CHECK(defragmenter.take(cut, {})->data() == cut.data());
        Buffer cut_6 = part_6(0, 16, false);
        cut_6.resize(cut_6.size() - 1);
        CHECK(defragmenter.take(cut_6, {})->data() == cut_6.data());
    }

    TEST_CASE("a fragment of no octets, and one beyond the largest datagram, are of no use") {
        Defragmenter defragmenter;
        CHECK(taken(defragmenter, wire::ipv4({.protocol = 17, .fragment = more}, {})) == "waits");
        CHECK(taken(defragmenter, wire::ipv4({.protocol = 17, .fragment = 0x1fff}, Buffer(16))) ==
              "waits");
        CHECK(defragmenter.lost() == 2);
    }

    TEST_CASE("a flood of fragments costs the oldest datagrams alone") {
        Defragmenter defragmenter;
        const Time start{1'000'000s};
        CHECK(taken(defragmenter, part(0, 16), start) == "waits");
        for (std::size_t i = 0; i < 511; ++i)
            CHECK(taken(defragmenter, part_6(0, 16, false, i), start + 1s) == "waits");
        CHECK(taken(defragmenter, part_6(16, 40, true, 5), start + 2s) == text);
        CHECK(taken(defragmenter, part_6(0, 16, false, 5), start + 2s) == "waits");
        CHECK(taken(defragmenter, part_6(0, 16, false, 999), start + 3s) == "waits");
        CHECK(taken(defragmenter, part(16, 40, 0), start + 3s) == "waits");
        CHECK(taken(defragmenter, part_6(16, 40, true, 510), start + 3s) == text);
    }
}
