// Random octets are nobody's traffic, on whichever port.
#include <map>
#include <random>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "rules/policy/loader.hpp"
#include "rules/services/catalogue.hpp"
#include "tests/unit/wire.hpp"

using namespace octroi;
using wire::Buffer;

namespace {

const Endpoint client = wire::endpoint("10.0.0.1", 50000);

// The ports of a range's ends stand for all of it.
std::set<std::uint16_t> ports_of(const Catalogue& catalogue, Protocol protocol) {
    std::set<std::uint16_t> ports = {53, 80, 443, 3478, 50'000};
    for (const std::string_view name : catalogue.names()) {
        const Service& service = *catalogue.find(name);
        for (const PortRange& range :
             protocol == Protocol::udp ? service.udp_ports : service.tcp_ports) {
            ports.insert(range.first);
            ports.insert(range.last);
        }
    }
    return ports;
}

Buffer random_octets(std::mt19937& random) {
    Buffer octets(4 + random() % 120);
    for (std::size_t i = 0; i < octets.size(); i += 4) {
        const auto four = static_cast<std::uint32_t>(random());
        for (std::size_t j = i; j < std::min(i + 4, octets.size()); ++j)
            octets[j] = static_cast<std::uint8_t>(four >> (8 * (j - i)));
    }
    return octets;
}

// What a flow of random payloads, both ways, is taken for.
std::string service_of(const Catalogue& catalogue, Protocol protocol, std::uint16_t port,
                       std::mt19937& random, Workspace& workspace) {
    const Endpoint server{.address = wire::address("203.0.113.9"), .port = port};
    Inspector inspector;
    std::uint32_t number = 0;
    const auto take = [&](const Buffer& packet) {
        inspector.inspect(decode_packet(packet, {}).value(), ++number, workspace);
    };
    wire::Connection connection{.client = client, .server = server};
    if (protocol == Protocol::tcp) {
        take(connection.syn());
        take(connection.syn_ack());
    }
    std::size_t sent = 0;
    for (int i = 0; i < 10 && inspector.open(); ++i) {
        const Buffer octets = random_octets(random);
        if (protocol == Protocol::tcp)
            take(connection.from_client(sent, octets));
        else if (i % 2 == 0)
            take(wire::ip(client, server, 17, wire::udp(client.port, port, octets)));
        else
            take(wire::ip(server, client, 17, wire::udp(port, client.port, octets)));
        sent += octets.size();
    }
    inspector.end(Ending::nothing_more);
    const FlowEnds ends{.client = client.address, .server = server, .protocol = protocol};
    const auto found = catalogue.identify(inspector.findings(), ends);
    return found.service == nullptr ? "" : found.service->name;
}

}  // namespace

TEST_SUITE("chance properties") {
    TEST_CASE("a million flows of random octets, on every port of the catalogue, are no service") {
        constexpr std::size_t flows = 1'000'000;
        const Catalogue catalogue = load_catalogue(std::nullopt).value();
        Workspace workspace(1UL << 20U);
        std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): repeatable
        std::map<std::string, int> accused;
        std::size_t done = 0;
        for (const Protocol protocol : {Protocol::udp, Protocol::tcp}) {
            const auto ports = ports_of(catalogue, protocol);
            const std::size_t each = flows / 2 / ports.size() + 1;
            for (const std::uint16_t port : ports)
                for (std::size_t i = 0; i < each; ++i, ++done) {
                    const std::string name =
                        service_of(catalogue, protocol, port, random, workspace);
                    if (!name.empty())
                        ++accused[name + " on port " + std::to_string(port)];
                }
        }
        for (const auto& [what, times] : accused)
            MESSAGE(what << ": " << times);
        CHECK(accused.empty());
        MESSAGE(done << " flows");
    }
}
