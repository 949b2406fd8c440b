#include "daemon/firewall/nft_writer.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "classifiers/base/overloaded.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {
namespace {

using netfilter::Chain;
using netfilter::Hook;

// Before the administrator's chains, which stand at 0 (filter) as a rule: what octroi accepts they
// still see, and nothing they accept has passed octroi by. Behind all that sets marks (mangle,
// -150).
constexpr int marks_priority = -11;
constexpr int gate_priority = -10;

std::string_view nft_chain(Chain chain) {
    switch (chain) {
        case Chain::marks:
            return "marks";
        case Chain::gate:
            return "gate";
        case Chain::quic:
            return "quic";
        case Chain::opening:
            return "opening";
        case Chain::invalid:
            return "invalid";
        case Chain::verdict:
            return "verdict";
        case Chain::refuse:
            return "refuse";
    }
    return "";
}

std::string_view nft_hook(Hook hook) {
    switch (hook) {
        case Hook::forward:
            return "forward";
        case Hook::output:
            return "output";
    }
    return "";
}

// What a match is in nft: any of these.
using Alternatives = std::vector<std::string>;

// Initials and 0-RTT of any size (RFC 9000 17.2: the type's first bit is clear), and all that is
// large enough to begin a connection.
Alternatives quic_initial() {
    constexpr std::string_view version = "@th,72,24 { 0, 0x543035, 0x6b3343, 0xfaceb0, 0xff0000 }";
    return {fmt::format("udp length >= 1208 @th,64,1 1 {}", version),
            fmt::format("meta l4proto udp @th,64,3 {{ 4, 6 }} {}", version)};
}

Alternatives related_icmp() {
    const auto line = [](std::string_view protocol, std::size_t longest) {
        return fmt::format("meta l4proto {} ct state related meta length <= {}", protocol, longest);
    };
    return {line("icmp", longest_icmp_error), line("ipv6-icmp", longest_icmpv6_error)};
}

std::string nft_chain_text(std::string_view name, const std::vector<std::string>& rules) {
    std::string text = fmt::format("\tchain {} {{\n", name);
    for (const std::string& rule : rules)
        text += fmt::format("\t\t{}\n", NftWriter::commented(rule));
    return text + "\t}\n";
}

}  // namespace

std::string NftWriter::commented(const std::string& rule) {
    return fmt::format("{0} comment \"{0}\"", rule);
}

std::string NftWriter::match(const netfilter::Match& match) {
    return std::visit(
        Overloaded{
            [](const netfilter::PacketMark& mark) {
                return fmt::format("meta mark & {:#010x} {} {:#010x}", mark.mask,
                                   mark.equal ? "==" : "!=", mark.value);
            },
            [](const netfilter::ConnectionMark& mark) {
                return fmt::format("ct mark & {:#010x} == {:#010x}", mark.mask, mark.value);
            },
            [](netfilter::Tcp) { return std::string("meta l4proto tcp"); },
            [](netfilter::Udp) { return std::string("meta l4proto udp"); },
            [](netfilter::Invalid) { return std::string("ct state invalid"); },
            [](netfilter::Established) { return std::string("ct state established"); },
            [](netfilter::Expected) { return std::string("ct state related ct status expected"); },
            [](netfilter::TcpSyn) {
                return std::string("tcp flags & (fin | syn | rst | ack) == syn");
            },
            [](netfilter::BareSegment) { return std::string(); },
            [](netfilter::QuicInitial) { return std::string(); },
            [](netfilter::MergedDatagrams) {
                return std::string("udp dport 443 udp length >= 2408");
            },
            [](netfilter::RelatedIcmp) { return std::string(); },
            [](netfilter::NeighbourDiscovery) {
                return std::string("icmpv6 type { 133, 134, 135, 136, 137 } ip6 hoplimit 255");
            },
            [](netfilter::NotToLoopback) { return std::string("oifname != lo"); },
            [](netfilter::FromOpener) { return std::string("ct direction original"); }},
        match);
}

std::string NftWriter::target(const netfilter::Target& target) const {
    const unsigned first = settings_.first_queue;
    const std::string queues = settings_.queue_count == 1
                                   ? std::to_string(first)
                                   : fmt::format("{}-{}", first, first + settings_.queue_count - 1);
    return std::visit(
        Overloaded{
            [](netfilter::Return) { return std::string("return"); },
            [](netfilter::Goto there) { return fmt::format("goto {}", nft_chain(there.chain)); },
            [](netfilter::Drop) { return std::string("drop"); },
            [](netfilter::ResetTcp) { return std::string("reject with tcp reset"); },
            [](netfilter::PortUnreachable) {
                return std::string("reject with icmpx port-unreachable");
            },
            [&](netfilter::ClearMark) {
                return fmt::format("meta mark set meta mark & {:#010x}", ~settings_.mark.mask());
            },
            [&](netfilter::ForgetMark) {
                return fmt::format("ct mark set ct mark & {:#010x}", ~settings_.mark.mask());
            },
            [&](netfilter::Tell tell) {
                return fmt::format("meta mark set meta mark | {:#010x}",
                                   settings_.mark.encode({.state = tell.state}));
            },
            [](netfilter::SaveMark) { return std::string("jump save"); },
            [](netfilter::RestoreMark) { return std::string("jump restore"); },
            [&](netfilter::Queue) {
                return fmt::format("counter queue {}to {}", settings_.bypass ? "flags bypass " : "",
                                   queues);
            }},
        target);
}

// What one match of ours is in nft: a line of it, or several of which any may hold.
std::vector<std::string> NftWriter::alternatives(const netfilter::Match& match) {
    if (std::holds_alternative<netfilter::QuicInitial>(match))
        return quic_initial();
    if (std::holds_alternative<netfilter::RelatedIcmp>(match))
        return related_icmp();
    return {NftWriter::match(match)};
}

// nft can't compare a packet's length with that of its headers: there the queue gets such segments.
std::vector<std::string> NftWriter::lines(const netfilter::Rule& rule) const {
    Alternatives lines = {""};
    for (const netfilter::Match& one : rule.matches) {
        if (std::holds_alternative<netfilter::BareSegment>(one))
            return {};
        const Alternatives any = alternatives(one);
        Alternatives longer;
        for (const std::string& line : lines)
            for (const std::string& each : any)
                longer.push_back(line + each + " ");
        lines = std::move(longer);
    }
    for (std::string& line : lines)
        line += target(rule.target);
    return lines;
}

// nft can't put bits of one mark into another (kernels before 6.13). Where the target holds no bits
// of others the mark is copied whole, else bit by bit: the generation last, so that nobody takes an
// unfinished mark for a decision.
std::vector<std::string> NftWriter::copy_mark(std::string_view from, std::string_view to) const {
    const MarkLayout& layout = settings_.mark;
    const std::uint32_t others = ~layout.mask();
    std::vector<std::string> rules = {
        fmt::format("{1} & {2:#010x} == 0x00000000 {1} set {0} & {3:#010x} return", from, to,
                    others, layout.mask()),
        fmt::format("{0} set {0} & {1:#010x}", to, others)};
    const std::uint32_t service = layout.mask() & ~layout.state_mask() & ~layout.generation_mask();
    for (std::uint32_t part : {service, layout.state_mask(), layout.generation_mask()})
        for (; part != 0; part &= part - 1) {
            const std::uint32_t bit = std::uint32_t{1} << std::countr_zero(part);
            rules.push_back(
                fmt::format("{0} & {2:#010x} == {2:#010x} {1} set {1} | {2:#010x}", from, to, bit));
        }
    return rules;
}

std::string NftWriter::base_chain(Hook hook, Chain jump_to) {
    std::string rule;
    for (const netfilter::Match& one : netfilter::entrance(hook))
        rule += match(one) + " ";
    rule += fmt::format("jump {}", nft_chain(jump_to));
    return fmt::format(
        "\tchain {0}{1} {{\n\t\ttype filter hook {0} priority {2}; policy accept;\n\t\t{3}\n\t}}\n",
        nft_hook(hook), jump_to == Chain::marks ? "-marks" : "",
        jump_to == Chain::marks ? marks_priority : gate_priority, commented(rule));
}

std::string NftWriter::table(std::uint8_t generation) const {
    std::string text = "table inet octroi {\n";
    for (const Hook hook : settings_.hooks)
        text += base_chain(hook, Chain::marks) + base_chain(hook, Chain::gate);
    for (const auto& [chain, rules] : netfilter::rules(settings_, generation)) {
        std::vector<std::string> chain_lines;
        for (const netfilter::Rule& rule : rules)
            std::ranges::copy(lines(rule), std::back_inserter(chain_lines));
        text += nft_chain_text(nft_chain(chain), chain_lines);
    }
    return text + nft_chain_text("save", copy_mark("meta mark", "ct mark")) +
           nft_chain_text("restore", copy_mark("ct mark", "meta mark")) + "}\n";
}

NftWriter::GenerationRules NftWriter::generation_rules(std::uint8_t generation) const {
    GenerationRules found;
    for (const auto& [chain, rules] : netfilter::rules(settings_, generation)) {
        if (chain != Chain::gate)
            continue;
        constexpr std::size_t first = netfilter::first_generation_rule;
        for (std::size_t i = 0; i < first; ++i)
            found.place += lines(rules.at(i)).size();
        for (std::size_t i = 0; i < netfilter::generation_rules; ++i)
            std::ranges::copy(lines(rules.at(first + i)), std::back_inserter(found.lines));
    }
    return found;
}

}  // namespace octroi
