#include "daemon/firewall/iptables_writer.hpp"

#include <doctest/doctest.h>

using namespace octroi;

namespace {

using IpFamily = IptablesWriter::Family;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("iptables writer") {
    TEST_CASE("the IPv4 rules, whole") {
        const IptablesWriter writer({.first_queue = 0, .queue_count = 4, .mark = MarkLayout()});
        CHECK(
            writer.print(IpFamily::ipv4, 1) ==
            "*mangle\n"
            ":OCTROI - [0:0]\n"
            "-A OCTROI -j MARK --set-xmark 0x0/0xfffff000\n"
            "-A OCTROI -m conntrack --ctstate RELATED --ctstatus EXPECTED -j CONNMARK --set-xmark "
            "0x0/0xfffff000\n"
            "-I FORWARD 1 -j OCTROI\n"
            "COMMIT\n"
            "*filter\n"
            ":OCTROI - [0:0]\n"
            ":OCTROI-QUIC - [0:0]\n"
            ":OCTROI-OPENING - [0:0]\n"
            ":OCTROI-INVALID - [0:0]\n"
            ":OCTROI-VERDICT - [0:0]\n"
            ":OCTROI-REFUSE - [0:0]\n"
            "-A OCTROI -p udp -m bpf --bytecode \"16,177 0 0 0,80 0 0 8,69 0 12 128,64 0 0 9,"
            "116 0 0 8,21 4 0 0,21 3 0 7025475,21 2 0 16711680,21 1 0 16436912,21 0 5 5517365,"
            "80 0 0 8,69 0 2 32,72 0 0 4,53 0 1 1208,6 0 0 65535,6 0 0 0\" -m conntrack --ctdir "
            "ORIGINAL -g OCTROI-QUIC\n"
            "-A OCTROI -p udp -m udp --dport 443 -m length --length 2428:65535 -g OCTROI-QUIC\n"
            "-A OCTROI -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -g OCTROI-OPENING\n"
            "-A OCTROI -m connmark --mark 0x40800000/0xff800000 -j RETURN\n"
            "-A OCTROI -m connmark --mark 0x800000/0x1f800000 -g OCTROI-REFUSE\n"
            "-A OCTROI -m mark ! --mark 0x0/0xe0000000 -g OCTROI-VERDICT\n"
            "-A OCTROI -p icmp -m conntrack --ctstate RELATED -m length --length 0:576 -j RETURN\n"
            "-A OCTROI -p tcp -m conntrack --ctstate INVALID -g OCTROI-INVALID\n"
            "-A OCTROI -p udp -m conntrack --ctstate INVALID -g OCTROI-INVALID\n"
            "-A OCTROI -p tcp -m bpf --bytecode \"16,40 0 0 6,69 12 0 16383,177 0 0 0,80 0 0 13,"
            "69 9 0 32,84 0 0 18,21 7 0 2,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,"
            "29 1 0 0,6 0 0 0,6 0 0 65535\" -m connmark --mark 0x0/0xc0000000 -j RETURN\n"
            "-A OCTROI -j CONNMARK --restore-mark --nfmask 0xfffff000 --ctmask 0xfffff000\n"
            "-A OCTROI -j NFQUEUE --queue-balance 0:3\n"
            "-A OCTROI-QUIC -m mark ! --mark 0x0/0xe0000000 -g OCTROI-VERDICT\n"
            "-A OCTROI-QUIC -j CONNMARK --restore-mark --nfmask 0xfffff000 --ctmask 0xfffff000\n"
            "-A OCTROI-QUIC -j NFQUEUE --queue-balance 0:3\n"
            "-A OCTROI-OPENING -m mark ! --mark 0x0/0xe0000000 -g OCTROI-VERDICT\n"
            "-A OCTROI-OPENING -m conntrack --ctstate INVALID -g OCTROI-INVALID\n"
            "-A OCTROI-OPENING -m conntrack --ctstate ESTABLISHED -m connmark --mark "
            "0x0/0xc0000000 "
            "-j MARK --set-xmark 0xe0000000/0xfffff000\n"
            "-A OCTROI-OPENING -m mark --mark 0x0/0xe0000000 -j CONNMARK --restore-mark --nfmask "
            "0xfffff000 --ctmask 0xfffff000\n"
            "-A OCTROI-OPENING -j NFQUEUE --queue-balance 0:3\n"
            "-A OCTROI-INVALID -p tcp -m bpf --bytecode \"16,40 0 0 6,69 12 0 16383,177 0 0 0,80 0 "
            "0 13,"
            "69 9 0 32,84 0 0 18,21 7 0 2,80 0 0 12,116 0 0 2,84 0 0 60,12 0 0 0,7 0 0 0,128 0 0 0,"
            "29 1 0 0,6 0 0 0,6 0 0 65535\" -j RETURN\n"
            "-A OCTROI-INVALID -j MARK --set-xmark 0xc0000000/0xfffff000\n"
            "-A OCTROI-INVALID -j NFQUEUE --queue-balance 0:3\n"
            "-A OCTROI-VERDICT -p tcp -m mark --mark 0x20000000/0xe0000000 -j CONNMARK "
            "--save-mark --nfmask 0xfffff000 --ctmask 0xfffff000\n"
            "-A OCTROI-VERDICT -m mark --mark 0x20000000/0xe0000000 -j RETURN\n"
            "-A OCTROI-VERDICT -j CONNMARK --save-mark --nfmask 0xfffff000 --ctmask 0xfffff000\n"
            "-A OCTROI-VERDICT -m mark --mark 0x40000000/0xe0000000 -j RETURN\n"
            "-A OCTROI-VERDICT -m mark --mark 0xa0000000/0xe0000000 -j RETURN\n"
            "-A OCTROI-VERDICT -g OCTROI-REFUSE\n"
            "-A OCTROI-REFUSE -m connmark --mark 0x40000000/0xe0000000 -m mark --mark "
            "0x0/0xe0000000 -j RETURN\n"
            "-A OCTROI-REFUSE -m connmark --mark 0x60000000/0xe0000000 -j DROP\n"
            "-A OCTROI-REFUSE -m mark --mark 0x60000000/0xe0000000 -j DROP\n"
            "-A OCTROI-REFUSE -p tcp -j REJECT --reject-with tcp-reset\n"
            "-A OCTROI-REFUSE -j REJECT --reject-with icmp-port-unreachable\n"
            "-I FORWARD 1 -j OCTROI\n"
            "COMMIT\n");
    }

    TEST_CASE("IPv6 has its own ICMP, and neighbour discovery is never queued") {
        const std::string rules = IptablesWriter({}).print(IpFamily::ipv6, 1);
        CHECK(has(rules,
                  "-A OCTROI -p ipv6-icmp -m conntrack --ctstate RELATED -m length --length 0:1280 "
                  "-j RETURN\n"));
        CHECK(has(rules, "-j REJECT --reject-with icmp6-port-unreachable\n"));
        CHECK_FALSE(has(rules, "-p icmp "));
        const std::size_t queue = rules.find("-j NFQUEUE");
        for (const char* type : {"133", "134", "135", "136", "137"}) {
            const std::size_t rule =
                rules.find("--icmpv6-type " + std::string(type) + " -m hl --hl-eq 255 -j RETURN");
            REQUIRE(rule != std::string::npos);
            CHECK(rule < queue);
        }
    }

    TEST_CASE("one queue is named by its number, many as a range") {
        const auto rules = [](std::uint16_t first, std::uint16_t count) {
            return IptablesWriter(
                       {.first_queue = first, .queue_count = count, .mark = MarkLayout()})
                .print(IpFamily::ipv4, 1);
        };
        CHECK(has(rules(7, 1), "-A OCTROI -j NFQUEUE --queue-num 7\n"));
        CHECK(has(rules(7, 2), "-A OCTROI -j NFQUEUE --queue-balance 7:8\n"));
    }

    TEST_CASE("only on_failure: open lets packets pass a queue without a daemon") {
        const auto rules = [](bool bypass) {
            return IptablesWriter({.bypass = bypass, .mark = MarkLayout()})
                .print(IpFamily::ipv4, 1);
        };
        CHECK(has(rules(true), "--queue-num 0 --queue-bypass\n"));
        CHECK_FALSE(has(rules(false), "bypass"));
    }

    TEST_CASE("the generation is in two rules and nowhere else") {
        const std::string one = IptablesWriter({}).print(IpFamily::ipv4, 1);
        std::string last = IptablesWriter({}).print(IpFamily::ipv4, 63);
        for (const auto& [generation_63, generation_1] :
             {std::pair("0x5f800000/0xff800000", "0x40800000/0xff800000"),
              std::pair("0x1f800000/0x1f800000", "0x800000/0x1f800000")}) {
            const std::size_t place = last.find(generation_63);
            REQUIRE(place != std::string::npos);
            last.replace(place, std::string_view(generation_63).size(), generation_1);
        }
        CHECK(last == one);
    }

    TEST_CASE("every mark lies inside octroi's mask, at every shift") {
        for (unsigned shift = 0; shift <= MarkLayout::max_shift; ++shift) {
            const MarkLayout layout(shift);
            const std::string rules = IptablesWriter({.mark = layout}).print(IpFamily::ipv4, 63);
            std::size_t marks = 0;
            for (std::size_t at = rules.find("0x"); at != std::string::npos;
                 at = rules.find("0x", at + 2)) {
                const auto value =
                    static_cast<std::uint32_t>(std::stoul(rules.substr(at), nullptr, 16));
                REQUIRE((value & ~layout.mask()) == 0);
                ++marks;
            }
            REQUIRE(marks == 50);
        }
    }

    TEST_CASE("the output hook takes what the gateway itself opens, and nothing to loopback") {
        const IptablesWriter writer({.hooks = {netfilter::Hook::forward, netfilter::Hook::output}});
        CHECK(writer.jumps() == std::vector<std::string>{
                                    "-A FORWARD -j OCTROI",
                                    "-A OUTPUT ! -o lo -m conntrack --ctdir ORIGINAL -j OCTROI"});
        const std::string rules = writer.print(IpFamily::ipv6, 1);
        const std::string_view jump =
            "-I OUTPUT 1 ! -o lo -m conntrack --ctdir ORIGINAL -j OCTROI\n";
        CHECK(rules.find(jump) != rules.rfind(jump));  // in mangle and in filter
    }

    TEST_CASE("jumps that are there already give way") {
        const std::string rules = IptablesWriter({}).table(
            IpFamily::ipv4, IptablesWriter::Table::filter, 1, {"-A OUTPUT -j OCTROI"});
        CHECK(has(rules, "-D OUTPUT -j OCTROI\n-I FORWARD 1 -j OCTROI\nCOMMIT\n"));
    }

    TEST_CASE("a new generation replaces two rules in their places") {
        CHECK(IptablesWriter({}).new_generation(IpFamily::ipv6, 2) ==
              "*filter\n"
              "-R OCTROI 4 -m connmark --mark 0x41000000/0xff800000 -j RETURN\n"
              "-R OCTROI 5 -m connmark --mark 0x1000000/0x1f800000 -g OCTROI-REFUSE\n"
              "COMMIT\n");
    }

    TEST_CASE("only chains of octroi and the jumps to them are touched") {
        const std::string rules = IptablesWriter({}).print(IpFamily::ipv6, 1);
        CHECK_FALSE(has(rules, "-F"));
        CHECK_FALSE(has(rules, "-X"));
        CHECK_FALSE(has(rules, "-P"));
        for (std::size_t begin = 0; begin < rules.size();) {
            const std::size_t end = rules.find('\n', begin);
            const std::string line = rules.substr(begin, end - begin);
            begin = end + 1;
            const bool ours = line.starts_with("-A OCTROI") || line.starts_with(":OCTROI") ||
                              line == "-I FORWARD 1 -j OCTROI" || line == "COMMIT" ||
                              line == "*mangle" || line == "*filter";
            CAPTURE(line);
            CHECK(ours);
        }
    }
}
