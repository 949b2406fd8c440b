#include "daemon/firewall/iptables_writer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "classifiers/base/overloaded.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {
namespace {

using netfilter::Chain;
using netfilter::Hook;
using IpFamily = IptablesWriter::Family;
using Table = IptablesWriter::Table;

// Neighbour discovery (RFC 4861 4), a rule each.
constexpr std::array neighbour_discovery = {133, 134, 135, 136, 137};

std::string_view iptables_chain(Chain chain) {
    switch (chain) {
        case Chain::marks:
        case Chain::gate:
            return "OCTROI";
        case Chain::quic:
            return "OCTROI-QUIC";
        case Chain::opening:
            return "OCTROI-OPENING";
        case Chain::invalid:
            return "OCTROI-INVALID";
        case Chain::verdict:
            return "OCTROI-VERDICT";
        case Chain::refuse:
            return "OCTROI-REFUSE";
    }
    return "";
}

std::string_view hook_chain(Hook hook) {
    switch (hook) {
        case Hook::forward:
            return "FORWARD";
        case Hook::output:
            return "OUTPUT";
    }
    return "";
}

// Classic BPF over the packet from its IP header on: neither a fragment nor a SYN without ACK, no
// URG, and no octet behind the TCP header. Over IPv6 only where TCP follows the fixed header.
constexpr std::string_view bare_segment_ipv4 =
    "16,"
    "40 0 0 6,69 12 0 16383,"         // flags and offset of the fragment: none
    "177 0 0 0,"                      // x = length of the IP header
    "80 0 0 13,69 9 0 32,"            // URG
    "84 0 0 18,21 7 0 2,"             // of SYN and ACK not the first alone
    "80 0 0 12,116 0 0 2,84 0 0 60,"  // length of the TCP header
    "12 0 0 0,7 0 0 0,"               // x = both headers
    "128 0 0 0,29 1 0 0,"             // the packet's length is x
    "6 0 0 0,6 0 0 65535";
constexpr std::string_view bare_segment_ipv6 =
    "15,"
    "48 0 0 6,21 0 11 6,"             // next header: TCP
    "48 0 0 53,69 9 0 32,"            // URG
    "84 0 0 18,21 7 0 2,"             // of SYN and ACK not the first alone
    "48 0 0 52,116 0 0 2,84 0 0 60,"  // length of the TCP header
    "4 0 0 40,7 0 0 0,"               // x = both headers
    "128 0 0 0,29 1 0 0,"             // the packet's length is x
    "6 0 0 0,6 0 0 65535";

// The first bit behind UDP's header is set, the version behind that octet begins like 1, 2, the
// drafts', Facebook's or Google's, and the type is one of the first two, or UDP's length is 1208 or
// more. Version 2 calls its Initial what version 1 calls 0-RTT (RFC 9369 3.2).
constexpr std::string_view quic_initial_ipv4 =
    "16,"
    "177 0 0 0,"  // x = length of the IP header
    "80 0 0 8,69 0 12 128,"
    "64 0 0 9,116 0 0 8,"  // three of the version's octets
    "21 4 0 0,21 3 0 7025475,21 2 0 16711680,21 1 0 16436912,21 0 5 5517365,"
    "80 0 0 8,69 0 2 32,"
    "72 0 0 4,53 0 1 1208,"
    "6 0 0 65535,6 0 0 0";
constexpr std::string_view quic_initial_ipv6 =
    "17,"
    "48 0 0 6,21 0 13 17,"  // next header: UDP, else extension headers: user space looks behind
    "48 0 0 48,69 0 12 128,"
    "32 0 0 49,116 0 0 8,"  // three of the version's octets
    "21 4 0 0,21 3 0 7025475,21 2 0 16711680,21 1 0 16436912,21 0 5 5517365,"
    "48 0 0 48,69 0 2 32,"
    "40 0 0 44,53 0 1 1208,"
    "6 0 0 65535,6 0 0 0";

bool in_table(Chain chain, Table table) {
    return (chain == Chain::marks) == (table == Table::mangle);
}

bool asks_neighbour_discovery(const netfilter::Rule& rule) {
    return std::ranges::any_of(rule.matches, [](const netfilter::Match& match) {
        return std::holds_alternative<netfilter::NeighbourDiscovery>(match);
    });
}

}  // namespace

std::string_view table_name(IptablesWriter::Table table) {
    return table == Table::mangle ? "mangle" : "filter";
}

std::vector<std::string_view> IptablesWriter::chains(Table table) {
    std::vector<std::string_view> names;
    for (const Chain chain : {Chain::marks, Chain::gate, Chain::quic, Chain::opening,
                              Chain::invalid, Chain::verdict, Chain::refuse})
        if (in_table(chain, table))
            names.push_back(iptables_chain(chain));
    return names;
}

std::string IptablesWriter::match(IpFamily family, const netfilter::Match& match) {
    return std::visit(
        Overloaded{
            [](const netfilter::PacketMark& mark) {
                return fmt::format("-m mark {}--mark {:#x}/{:#x}", mark.equal ? "" : "! ",
                                   mark.value, mark.mask);
            },
            [](const netfilter::ConnectionMark& mark) {
                return fmt::format("-m connmark --mark {:#x}/{:#x}", mark.value, mark.mask);
            },
            [](netfilter::Tcp) { return std::string("-p tcp"); },
            [](netfilter::Udp) { return std::string("-p udp"); },
            [](netfilter::Invalid) { return std::string("-m conntrack --ctstate INVALID"); },
            [](netfilter::Established) {
                return std::string("-m conntrack --ctstate ESTABLISHED");
            },
            [](netfilter::Expected) {
                return std::string("-m conntrack --ctstate RELATED --ctstatus EXPECTED");
            },
            [](netfilter::TcpSyn) {
                return std::string("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN");
            },
            [&](netfilter::BareSegment) {
                return fmt::format("-p tcp -m bpf --bytecode \"{}\"",
                                   family == Family::ipv4 ? bare_segment_ipv4 : bare_segment_ipv6);
            },
            [&](netfilter::QuicInitial) {
                return fmt::format("-p udp -m bpf --bytecode \"{}\"",
                                   family == Family::ipv4 ? quic_initial_ipv4 : quic_initial_ipv6);
            },
            [&](netfilter::MergedDatagrams) {
                return fmt::format("-p udp -m udp --dport 443 -m length --length {}:65535",
                                   family == Family::ipv4 ? 2428 : 2448);
            },
            [&](netfilter::RelatedIcmp) {
                return fmt::format(
                    "-p {} -m conntrack --ctstate RELATED -m length --length 0:{}",
                    family == IpFamily::ipv4 ? "icmp" : "ipv6-icmp",
                    family == IpFamily::ipv4 ? longest_icmp_error : longest_icmpv6_error);
            },
            [](netfilter::NeighbourDiscovery) { return std::string(); },
            [](netfilter::NotToLoopback) { return std::string("! -o lo"); },
            [](netfilter::FromOpener) { return std::string("-m conntrack --ctdir ORIGINAL"); }},
        match);
}

std::string IptablesWriter::target(IpFamily family, const netfilter::Target& target) const {
    const std::uint32_t mask = settings_.mark.mask();
    const std::string masks = fmt::format("--nfmask {0:#x} --ctmask {0:#x}", mask);
    return std::visit(
        Overloaded{
            [](netfilter::Return) { return std::string("-j RETURN"); },
            [](netfilter::Goto there) { return fmt::format("-g {}", iptables_chain(there.chain)); },
            [](netfilter::Drop) { return std::string("-j DROP"); },
            [](netfilter::ResetTcp) { return std::string("-j REJECT --reject-with tcp-reset"); },
            [&](netfilter::PortUnreachable) {
                return fmt::format("-j REJECT --reject-with {}-port-unreachable",
                                   family == IpFamily::ipv4 ? "icmp" : "icmp6");
            },
            [&](netfilter::ClearMark) {
                return fmt::format("-j MARK --set-xmark 0x0/{:#x}", mask);
            },
            [&](netfilter::ForgetMark) {
                return fmt::format("-j CONNMARK --set-xmark 0x0/{:#x}", mask);
            },
            [&](netfilter::Tell tell) {
                return fmt::format("-j MARK --set-xmark {:#x}/{:#x}",
                                   settings_.mark.encode({.state = tell.state}), mask);
            },
            [&](netfilter::SaveMark) { return "-j CONNMARK --save-mark " + masks; },
            [&](netfilter::RestoreMark) { return "-j CONNMARK --restore-mark " + masks; },
            [&](netfilter::Queue) { return queue(); }},
        target);
}

std::string IptablesWriter::queue() const {
    const unsigned first = settings_.first_queue;
    return fmt::format("-j NFQUEUE {}{}",
                       settings_.queue_count == 1 ? fmt::format("--queue-num {}", first)
                                                  : fmt::format("--queue-balance {}:{}", first,
                                                                first + settings_.queue_count - 1),
                       settings_.bypass ? " --queue-bypass" : "");
}

std::vector<std::string> IptablesWriter::rules(IpFamily family, Table table,
                                               std::uint8_t generation) const {
    std::vector<std::string> lines;
    for (const auto& [chain, rules] : netfilter::rules(settings_, generation)) {
        if (!in_table(chain, table))
            continue;
        for (const netfilter::Rule& rule : rules) {
            if (asks_neighbour_discovery(rule)) {
                for (const int type : neighbour_discovery)
                    if (family == IpFamily::ipv6)
                        lines.push_back(fmt::format(
                            "-A {} -p ipv6-icmp -m icmp6 --icmpv6-type {} -m hl --hl-eq 255 {}",
                            iptables_chain(chain), type, target(family, rule.target)));
                continue;
            }
            std::string line = fmt::format("-A {} ", iptables_chain(chain));
            for (const netfilter::Match& one : rule.matches)
                line += match(family, one) + " ";
            lines.push_back(line + target(family, rule.target));
        }
    }
    return lines;
}

std::vector<std::string> IptablesWriter::jumps() const {
    std::vector<std::string> lines;
    for (const Hook hook : settings_.hooks) {
        std::string line = fmt::format("-A {} ", hook_chain(hook));
        for (const netfilter::Match& one : netfilter::entrance(hook))
            line += match(IpFamily::ipv4, one) + " ";
        lines.push_back(line + "-j OCTROI");
    }
    return lines;
}

std::string IptablesWriter::table(IpFamily family, Table table, std::uint8_t generation,
                                  const std::vector<std::string>& old_jumps) const {
    std::string text = fmt::format("*{}\n", table_name(table));
    for (const std::string_view chain : chains(table))
        text += fmt::format(":{} - [0:0]\n", chain);
    for (const std::string& rule : rules(family, table, generation))
        text += rule + "\n";
    for (const std::string& jump : old_jumps)
        text += "-D" + jump.substr(2) + "\n";
    for (const std::string& jump : jumps()) {
        const std::size_t chain_end = jump.find(' ', 3);
        text += "-I" + jump.substr(2, chain_end - 2) + " 1" + jump.substr(chain_end) + "\n";
    }
    return text + "COMMIT\n";
}

std::string IptablesWriter::print(IpFamily family, std::uint8_t generation) const {
    return table(family, Table::mangle, generation, {}) +
           table(family, Table::filter, generation, {});
}

std::string IptablesWriter::new_generation(IpFamily family, std::uint8_t generation) const {
    const auto filter = rules(family, Table::filter, generation);
    constexpr std::size_t chain = std::string_view("-A OCTROI ").size();
    std::string text = "*filter\n";
    for (std::size_t i = 0; i < netfilter::generation_rules; ++i) {
        const std::size_t place = netfilter::first_generation_rule + i;
        text += fmt::format("-R OCTROI {} {}\n", place + 1, filter.at(place).substr(chain));
    }
    return text + "COMMIT\n";
}

}  // namespace octroi
