// Property: a datagram that is cut anywhere, and whose pieces come in any order with duplicates
// among them, is given once and as it was; any other octets are given as they are, or as a packet
// that names its own length.
#include <algorithm>
#include <vector>

#include "classifiers/net/defragmenter.hpp"
#include "tests/fuzz/property.hpp"

using octroi::ByteReader;
using octroi::Bytes;
using octroi::Defragmenter;
using octroi::fuzz::inside;
using octroi::fuzz::require;

namespace {

using Packet = std::vector<std::uint8_t>;

std::uint8_t octet(std::size_t value) {
    return static_cast<std::uint8_t>(value & 0xffU);
}

// The piece of `datagram` from unit `begin` to `end`, units of 8 octets (RFC 791 3.1, RFC
// 8200 4.5).
Packet piece(Bytes datagram, std::size_t begin, std::size_t end, bool v4) {
    const bool last = end * 8 >= datagram.size();
    const Bytes data =
        datagram.subspan(begin * 8, last ? datagram.size() - begin * 8 : (end - begin) * 8);
    const std::size_t length = data.size() + (v4 ? 20 : 8);
    Packet packet;
    if (v4) {
        const std::size_t place = begin | (last ? 0 : 0x2000);
        packet = {0x45, 0, octet(length >> 8U), octet(length), 0, 1};
        packet.insert(packet.end(), {octet(place >> 8U), octet(place), 64, 17, 0, 0});
        packet.insert(packet.end(), {10, 0, 0, 1, 10, 0, 0, 2});
    } else {
        const std::size_t place = begin * 8 | (last ? 0 : 1);
        packet = {0x60, 0, 0, 0, octet(length >> 8U), octet(length), 44, 64};
        packet.resize(40, 1);
        packet.insert(packet.end(), {17, 0, octet(place >> 8U), octet(place), 0, 0, 0, 7});
    }
    packet.insert(packet.end(), data.begin(), data.end());
    return packet;
}

// The first octets tell the cuts and the order.
void check_pieces(Bytes input, bool v4) {
    ByteReader reader(input);
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0, i = 0; i < 8; ++i)
        cuts.push_back(at += 1 + reader.u8() % 16);
    const std::uint32_t order = reader.u32();
    const Bytes datagram = reader.rest();
    if (!reader.ok() || datagram.size() <= cuts.back() * 8 || datagram.size() > 60'000)
        return;
    cuts.insert(cuts.begin(), 0);
    cuts.push_back((datagram.size() + 7) / 8);
    std::vector<Packet> pieces;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i)
        pieces.push_back(piece(datagram, cuts[i], cuts[i + 1], v4));
    for (std::size_t i = pieces.size(); i > 1; --i)
        std::swap(pieces[i - 1], pieces[(order >> i) % i]);
    Defragmenter defragmenter;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool complete = i + 1 == pieces.size();
        const auto whole = defragmenter.take(pieces[i], {});
        require(whole.has_value() == complete);
        if (complete)
            require(std::ranges::equal(whole->subspan(v4 ? 20 : 40), datagram));
        else if ((order >> i & 1U) != 0)
            require(!defragmenter.take(pieces[i], {}));
    }
    require(defragmenter.lost() == 0);
}

// Packets one after the other, each behind its length.
void check_anything(Bytes input) {
    Defragmenter defragmenter;
    ByteReader reader(input);
    std::uint64_t given = 0;
    while (!reader.empty()) {
        const std::size_t length = reader.u16() % 2048;
        const Bytes packet = reader.bytes(std::min(length, reader.rest().size()));
        ++given;
        const auto whole = defragmenter.take(packet, {});
        require(defragmenter.lost() <= given);
        if (!whole || inside(*whole, packet))
            continue;
        require(whole->size() > 20 && whole->size() <= 65535 + 40);
        const bool v4 = whole->front() >> 4U == 4;
        const std::size_t at = v4 ? 2 : 4;
        const std::size_t named = std::size_t{(*whole)[at]} << 8U | (*whole)[at + 1];
        require(named + (v4 ? 0 : 40) == whole->size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input(data, size);
    check_pieces(input, true);
    check_pieces(input, false);
    check_anything(input);
    return 0;
}
