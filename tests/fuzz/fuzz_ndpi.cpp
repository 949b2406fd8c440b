// Property: any packets of a few flows, in both directions, come back from libndpi through the
// guard, soon, without a touch of memory that is not its own, and as names that it has.
//
// An input is a list of packets: an octet of control, one that chooses the port, two of length, the
// payload. One module serves all inputs, as it serves all flows of a worker.
#include <algorithm>
#include <array>

#include "classifiers/clear/ndpi.hpp"
#include "tests/fuzz/property.hpp"

using octroi::ByteReader;
using octroi::Bytes;
using octroi::Direction;
using octroi::Endpoint;
using octroi::FlowKey;
using octroi::Ndpi;
using octroi::Packet;
using octroi::Protocol;
using octroi::fuzz::require;

namespace {

constexpr std::size_t most_packets = 32;

// Where libndpi's dissectors look, and one port where none does.
constexpr std::array<std::uint16_t, 32> ports = {
    53,   443,  80,   22,   25,    110,   143,   21,   161,  123,  137,
    138,  139,  445,  500,  514,   1900,  3478,  3544, 5060, 5353, 5355,
    1194, 1701, 2152, 8801, 10001, 51820, 27015, 3389, 1883, 40000};

struct Conversation {
    Endpoint server;
    Protocol protocol{};
    Ndpi::FlowState state = Ndpi::new_flow();
    std::array<std::uint32_t, 2> sequence{};
};

// The low bits of the control octet: transport, direction, which of four flows, a gap in TCP.
class NdpiRun {
  public:
    explicit NdpiRun(Ndpi& ndpi) : ndpi_(ndpi) {}

    void packet(std::uint8_t control, std::uint8_t port, Bytes payload) {
        auto& flow = flows_[(control >> 2U) & 3U];
        if (!flow)
            flow.emplace(
                Conversation{.server = {.address = octroi::v4_address({192, 0, 2, 1}),
                                        .port = ports[port % ports.size()]},
                             .protocol = (control & 1U) != 0 ? Protocol::tcp : Protocol::udp});
        require(flow->state != nullptr);
        feed(*flow, (control & 2U) == 0, (control & 16U) != 0, payload);
    }

  private:
    void feed(Conversation& flow, bool from_client, bool gap, Bytes payload) {
        const Endpoint client{.address = octroi::v4_address({10, 0, 0, 1}), .port = 50000};
        std::uint32_t& sequence = flow.sequence[from_client ? 0 : 1];
        sequence += gap ? 1000 : 0;
        now_ += std::chrono::milliseconds(7);
        const Packet packet{
            .context = {.time = now_},
            .key = FlowKey(flow.protocol, client, flow.server),
            .direction = from_client ? Direction::low_to_high : Direction::high_to_low,
            .tcp = {.sequence = sequence},
            .payload = payload};
        sequence += static_cast<std::uint32_t>(payload.size());
        check(ndpi_.feed(*flow.state, packet, from_client));
    }

    static void check(const Ndpi::Guess& guess) {
        const auto& known = Ndpi::known_names();
        for (const std::string& name : {guess.protocol, guess.application})
            require(name.empty() || std::ranges::find(known, name) != known.end());
    }

    Ndpi& ndpi_;
    octroi::Time now_{std::chrono::hours(24)};
    std::array<std::optional<Conversation>, 4> flows_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Ndpi ndpi;
    NdpiRun run(ndpi);
    ByteReader input(Bytes(data, size));
    for (std::size_t packets = 0; packets < most_packets && !input.empty(); ++packets) {
        const std::uint8_t control = input.u8();
        const std::uint8_t port = input.u8();
        const std::size_t length = input.u16();
        run.packet(control, port, input.bytes(std::min(length, input.rest().size())));
    }
    return 0;
}
