// What a QUIC client that wants to hide from the inspector may try: the manner in which a
// ClientHello is spread over frames, packets and datagrams never decides what is read.
#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "tests/unit/quic_wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Endpoint client = wire::endpoint("10.0.0.1", 50000);
const Endpoint server = wire::endpoint("198.51.100.1", 443);
const std::string name = "us05web.zoom.us";

// Feeds the datagrams of one flow to an inspector.
class Datagrams {
  public:
    void from_client(const Buffer& payload) {
        packet(wire::ip(client, server, 17, wire::udp(client.port, server.port, payload)));
    }

    void from_server(const Buffer& payload) {
        packet(wire::ip(server, client, 17, wire::udp(server.port, client.port, payload)));
    }

    [[nodiscard]] const Findings& findings() const { return inspector_.findings(); }

    [[nodiscard]] std::size_t budget_used() const { return workspace_.budget.used(); }

    // The name was read, or the flow is known to be one that hides it: never silently nothing.
    [[nodiscard]] bool caught() const {
        return findings().server_name == name || findings().ending == Ending::ambiguous;
    }

  private:
    void packet(const Buffer& bytes) {
        inspector_.inspect(decode_packet(bytes, {}).value(), ++number_, workspace_);
    }

    Workspace workspace_{1UL << 20U};
    Inspector inspector_;
    std::uint32_t number_ = 0;
};

// Chance, the same at every run.
class Chance {
  public:
    explicit Chance(std::uint32_t seed) : engine_(seed) {}

    std::size_t below(std::size_t bound) { return engine_() % bound; }

    bool one_in(std::size_t many) { return below(many) == 0; }

    template <typename T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i)
            std::swap(items[i - 1], items[below(i)]);
    }

  private:
    std::mt19937 engine_;
};

struct Piece {
    std::size_t from = 0;
    std::size_t to = 0;
};

Buffer frame_of(const Buffer& message, const Piece& piece) {
    return wire::crypto_frame(piece.from,
                              Bytes(message).subspan(piece.from, piece.to - piece.from));
}

// Pieces that cover the whole message, some of them twice, some reaching into their neighbours.
std::vector<Piece> cut(std::size_t size, Chance& chance) {
    std::vector<Piece> pieces;
    // Not more frames than fit in a datagram.
    const std::size_t longest = size / 100 + chance.below(chance.one_in(2) ? 60 : 900);
    for (std::size_t from = 0; from < size;) {
        const std::size_t to = std::min(size, from + 1 + chance.below(longest));
        const std::size_t before = chance.one_in(4) ? chance.below(from + 1) : 0;
        const std::size_t behind = chance.one_in(4) ? chance.below(size - to + 1) : 0;
        pieces.push_back({.from = from - std::min<std::size_t>(before, 40),
                          .to = to + std::min<std::size_t>(behind, 40)});
        if (chance.one_in(8))
            pieces.push_back(pieces.back());
        from = to;
    }
    chance.shuffle(pieces);
    return pieces;
}

// The frames in `count` payloads, with PING and PADDING between them.
std::vector<Buffer> payloads_of(const std::vector<Buffer>& frames, std::size_t count,
                                Chance& chance) {
    std::vector<Buffer> payloads(count);
    for (const Buffer& frame : frames) {
        Buffer& payload = payloads[chance.below(count)];
        if (chance.one_in(3))
            payload.push_back(wire::ping_frame);
        if (chance.one_in(3))
            payload.insert(payload.end(), chance.below(20), wire::padding_frame);
        payload.insert(payload.end(), frame.begin(), frame.end());
    }
    return payloads;
}

// Each payload in an Initial of its own; some datagrams carry two packets, some end in zeros.
std::vector<Buffer> datagrams_of(const std::vector<Buffer>& payloads, std::uint32_t version,
                                 Chance& chance) {
    std::vector<Buffer> datagrams;
    std::uint32_t number = 0;
    for (const Buffer& payload : payloads) {
        const Buffer packet = wire::initial(
            {.version = version, .number = number++, .number_size = 1 + chance.below(4)}, payload);
        if (!datagrams.empty() && chance.one_in(4))
            datagrams.back() = wire::join(datagrams.back(), packet);
        else
            datagrams.push_back(packet);
        if (chance.one_in(4))
            datagrams.back().resize(datagrams.back().size() + chance.below(100));
    }
    return datagrams;
}

}  // namespace

TEST_SUITE("inspector against evasion over QUIC") {
    TEST_CASE("a ClientHello in any frames, order, packets and datagrams gives the same name") {
        for (std::uint32_t seed = 0; seed < 400; ++seed) {
            CAPTURE(seed);
            Chance chance(seed);
            const Buffer message = wire::client_hello(
                {.server_name = name, .alpn = "h3", .padding = chance.below(2) * 1500});
            std::vector<Buffer> frames;
            for (const Piece& piece : cut(message.size(), chance))
                frames.push_back(frame_of(message, piece));
            const std::uint32_t version = chance.one_in(3) ? wire::quic_v2 : wire::quic_v1;
            Datagrams flow;
            for (const Buffer& datagram :
                 datagrams_of(payloads_of(frames, 1 + chance.below(8), chance), version, chance))
                flow.from_client(datagram);
            CHECK(flow.findings().ending == Ending::named);
            CHECK(flow.findings().server_name == name);
            CHECK(flow.findings().name_kind == EvidenceKind::quic_sni);
            CHECK(flow.findings().application == Application::quic);
            CHECK(flow.findings().alpn == "h3");
            CHECK(flow.budget_used() == 0);
        }
    }

    TEST_CASE("a conflicting overlap before the ClientHello is whole is ambiguous, wherever") {
        for (std::uint32_t seed = 0; seed < 200; ++seed) {
            CAPTURE(seed);
            Chance chance(seed);
            const Buffer message = wire::client_hello({.server_name = name, .padding = 1500});
            // All octets but one, which would make the message whole.
            const std::size_t missing = chance.below(message.size());
            std::vector<Buffer> frames;
            for (const Piece& piece : cut(message.size(), chance)) {
                const std::size_t left = std::min(piece.to, missing);
                const std::size_t right = std::max(piece.from, missing + 1);
                if (piece.from < left)
                    frames.push_back(frame_of(message, {.from = piece.from, .to = left}));
                if (right < piece.to)
                    frames.push_back(frame_of(message, {.from = right, .to = piece.to}));
            }
            // One of its octets once more, with another value.
            std::size_t disputed = chance.below(message.size() - 1);
            disputed += disputed >= missing ? 1 : 0;
            const auto other =
                static_cast<std::uint8_t>(message[disputed] ^ (1U << chance.below(8)));
            frames.push_back(wire::crypto_frame(disputed, Buffer{other}));
            chance.shuffle(frames);
            Datagrams flow;
            for (const Buffer& datagram : datagrams_of(
                     payloads_of(frames, 1 + chance.below(8), chance), wire::quic_v1, chance))
                flow.from_client(datagram);
            CHECK(flow.findings().ending == Ending::ambiguous);
            CHECK(flow.findings().server_name.empty());
            CHECK(flow.budget_used() == 0);
        }
    }

    TEST_CASE("datagrams that are not authentic, between the pieces, hide nothing") {
        const Buffer message = wire::client_hello({.server_name = name});
        Buffer forged = wire::initial(
            {.number = 1}, wire::crypto_frame(0, wire::client_hello({.server_name = "visio.fr"})));
        forged.back() ^= 1U;
        Datagrams flow;
        flow.from_client(forged);
        flow.from_client(wire::initial({.number = 0}, frame_of(message, {.from = 0, .to = 70})));
        flow.from_client(forged);
        flow.from_client(wire::text("not QUIC at all"));
        flow.from_client(
            wire::initial({.number = 2}, frame_of(message, {.from = 70, .to = message.size()})));
        CHECK(flow.findings().server_name == name);
    }

    TEST_CASE("the server's answers between the pieces hide nothing") {
        const Buffer message = wire::client_hello({.server_name = name});
        Datagrams flow;
        flow.from_client(wire::initial({.number = 0}, frame_of(message, {.from = 0, .to = 70})));
        flow.from_server(
            wire::initial({.destination = {}},
                          wire::crypto_frame(0, wire::client_hello({.server_name = "a.fr"}))));
        flow.from_server(wire::retry_packet({}));
        flow.from_client(
            wire::initial({.number = 1}, frame_of(message, {.from = 70, .to = message.size()})));
        CHECK(flow.findings().server_name == name);
    }

    TEST_CASE("a server that speaks first hides nothing") {
        Datagrams flow;
        flow.from_server(wire::opaque_packet(2, {}));
        flow.from_client(
            wire::initial({}, wire::crypto_frame(0, wire::client_hello({.server_name = name}))));
        CHECK(flow.findings().server_name == name);
    }

    TEST_CASE("packet numbers that only the receiver's window makes whole hide nothing") {
        // RFC 9000 A.3: after number 200, one octet 0x2c is number 300.
        const Buffer message = wire::client_hello({.server_name = name});
        Datagrams flow;
        flow.from_client(wire::initial({.number = 200}, frame_of(message, {.from = 0, .to = 70})));
        flow.from_client(wire::initial({.number = 300, .number_size = 1},
                                       frame_of(message, {.from = 70, .to = message.size()})));
        CHECK(flow.caught());
    }

    TEST_CASE("a decoy under other keys between the pieces hides nothing") {
        const Buffer message = wire::client_hello({.server_name = name});
        Datagrams flow;
        flow.from_client(wire::initial({.number = 0}, frame_of(message, {.from = 0, .to = 70})));
        flow.from_client(wire::initial({.destination = wire::text("decoy's!")},
                                       {wire::ping_frame}));  // never reaches the server
        flow.from_client(
            wire::initial({.number = 1}, frame_of(message, {.from = 70, .to = message.size()})));
        CHECK(flow.caught());
    }

    TEST_CASE("two connections on the same ports, their pieces in turn, are both read") {
        const Buffer message = wire::client_hello({.server_name = name});
        const Buffer other = wire::text("another!");
        const Piece head{.from = 0, .to = 70};
        const Piece tail{.from = 70, .to = message.size()};
        Datagrams flow;
        flow.from_client(wire::initial({.number = 0}, frame_of(message, head)));
        flow.from_client(
            wire::initial({.destination = other, .number = 0}, frame_of(message, head)));
        flow.from_client(wire::initial({.number = 1}, frame_of(message, tail)));
        flow.from_client(
            wire::initial({.destination = other, .number = 1}, frame_of(message, tail)));
        CHECK(flow.caught());
    }

    TEST_CASE("more connections on the same ports than are followed are ambiguous") {
        const Buffer message = wire::client_hello({.server_name = name});
        const Piece head{.from = 0, .to = 70};
        Datagrams flow;
        for (std::uint8_t i = 0; i < 5; ++i)
            flow.from_client(wire::initial({.destination = Buffer(8, i)}, frame_of(message, head)));
        CHECK(flow.findings().ending == Ending::ambiguous);
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("a client that goes on without end uses up the quota") {
        const Buffer message = wire::client_hello({.padding = 4000});
        const Buffer start =
            wire::initial({}, wire::crypto_frame(0, Buffer(message.begin(), message.begin() + 60)));
        Datagrams flow;
        int sent = 0;
        for (; sent < 1000 && flow.findings().open(); ++sent)
            flow.from_client(start);
        CHECK(sent == 256);
        CHECK(flow.findings().ending == Ending::unreadable);
        CHECK(flow.findings().unreadable == Unreadable::quota);
        CHECK(flow.budget_used() == 0);
    }

    TEST_CASE("a ClientHello over a hundred datagrams, each of them answered, is read") {
        const Buffer message = wire::client_hello({.server_name = name, .padding = 1500});
        const std::size_t step = message.size() / 100 + 1;
        Datagrams flow;
        std::uint32_t number = 0;
        for (std::size_t from = 0; from < message.size(); from += step) {
            CHECK(flow.findings().open());
            flow.from_client(wire::initial(
                {.number = number++},
                frame_of(message, {.from = from, .to = std::min(from + step, message.size())})));
            flow.from_server(wire::initial(
                {.destination = {}, .keys_from = wire::Initial().destination, .from_server = true},
                wire::ack_frame(2)));
        }
        CHECK(flow.findings().server_name == name);
    }

    TEST_CASE("datagrams that servers discard use up nothing that the ClientHello needs") {
        for (const std::size_t size : {0UL, 1200UL}) {
            CAPTURE(size);
            Datagrams flow;
            for (std::uint32_t i = 0; i < 100; ++i)
                flow.from_client(wire::initial({.number = i, .size = size}, {wire::ping_frame}));
            flow.from_client(wire::initial(
                {.number = 100}, wire::crypto_frame(0, wire::client_hello({.server_name = name}))));
            CHECK(flow.findings().server_name == name);
        }
    }

    TEST_CASE("a small datagram's name may refuse, and permits when its server has answered it") {
        Datagrams flow;
        flow.from_client(wire::initial(
            {.size = 0}, wire::crypto_frame(0, wire::client_hello({.server_name = "visio.fr"}))));
        CHECK(flow.findings().server_name == "visio.fr");
        CHECK(flow.findings().doubtful);
        flow.from_client(wire::initial(
            {.number = 1}, wire::crypto_frame(0, wire::client_hello({.server_name = name}))));
        CHECK(flow.findings().server_name == name);
    }
}
