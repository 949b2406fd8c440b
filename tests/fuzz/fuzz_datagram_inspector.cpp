// Property: any datagrams of a flow, in both directions, end the inspection soon and within the
// budget; names that it found are names, and its evidence is bounded.
#include <array>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "classifiers/inspection/datagram_inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "classifiers/net/domain.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/unit/quic_wire.hpp"

using octroi::DatagramInspector;
using octroi::Domain;
using octroi::Findings;
using octroi::Packet;
using octroi::Workspace;
using octroi::fuzz::require;
using octroi::wire::Buffer;

namespace {

constexpr std::size_t budget_limit = 256UL * 1024;
constexpr std::uint32_t most_datagrams = 100;
constexpr std::size_t most_evidence = 32;
constexpr std::array<std::uint16_t, 6> server_ports = {53, 443, 3478, 3481, 8801, 50000};

Packet udp_packet(std::uint16_t port, bool from_client, octroi::Bytes payload) {
    const octroi::Endpoint client{.address = octroi::v4_address({10, 0, 0, 1}), .port = 50000};
    const octroi::Endpoint server{.address = octroi::v4_address({192, 0, 2, 1}), .port = port};
    return {
        .context = {},
        .key = octroi::FlowKey(octroi::Protocol::udp, client, server),
        .direction = from_client ? octroi::Direction::low_to_high : octroi::Direction::high_to_low,
        .tcp = {},
        .payload = payload};
}

void check_reported(const std::string& name) {
    require(name.empty() || Domain::parse(name)->text() == name);
}

void check_findings(const Findings& findings) {
    check_reported(findings.server_name);
    check_reported(findings.realm);
    require((findings.ending == octroi::Ending::named) == !findings.server_name.empty());
    require(findings.evidence.size() <= most_evidence);
    require(findings.alpn.size() <= 255);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Workspace workspace(budget_limit);
    FuzzedDataProvider input(data, size);
    const std::uint16_t port = input.PickValueInArray(server_ports);
    {
        DatagramInspector inspector;
        Findings findings;
        std::uint32_t number = 0;
        while (findings.open() && input.remaining_bytes() > 0) {
            const bool from_client = input.ConsumeBool();
            const bool sealed = input.ConsumeIntegralInRange(0, 3) == 1;
            const Buffer octets = input.ConsumeBytes<std::uint8_t>(
                input.ConsumeIntegralInRange<std::size_t>(1, 2000));
            const Buffer payload =
                sealed ? octroi::wire::initial({.number = number}, octets) : octets;
            if (payload.empty())
                break;
            findings.error.reset();
            inspector.inspect(udp_packet(port, from_client, payload), ++number, findings,
                              workspace);
            check_findings(findings);
            require(number <= most_datagrams);
            require(workspace.budget.used() <= budget_limit);
        }
        inspector.release();
        require(workspace.budget.used() == 0);
    }
    return 0;
}
