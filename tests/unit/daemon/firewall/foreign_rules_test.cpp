#include "daemon/firewall/foreign_rules.hpp"

#include <doctest/doctest.h>

using namespace octroi;

namespace {

constexpr std::uint32_t every_bit = 0xffffffff;

ForeignRules in_iptables(const std::string& saved, const netfilter::Settings& settings = {}) {
    ForeignRules found;
    found.add_iptables("iptables", saved, settings);
    return found;
}

ForeignRules in_nft(const std::string& listed, bool without_iptables = false) {
    ForeignRules found;
    found.add_nft(listed, {}, without_iptables);
    return found;
}

std::string foreign_table(const std::string& name, const std::string& rule) {
    return "table " + name + " {\n\tchain c {\n\t\ttype filter hook prerouting priority -300; " +
           "policy accept;\n\t\t" + rule + "\n\t}\n}\n";
}

}  // namespace

TEST_SUITE("foreign rules") {
    TEST_CASE("iptables: the bits that a rule sets in a packet's mark") {
        CHECK(marks_written_by_iptables("-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff") == 1);
        CHECK(marks_written_by_iptables("-A FORWARD -j MARK --set-xmark 0x10000/0x10000") ==
              0x10000);
        CHECK(marks_written_by_iptables("-A FORWARD -j MARK --set-xmark 0x0/0xffffff00") == 0);
        CHECK(marks_written_by_iptables(
                  "-A PREROUTING -p tcp -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark "
                  "0x1/0x1") == 1);
        CHECK(marks_written_by_iptables("-A FORWARD -m mark --mark 0x1000000 -j ACCEPT") == 0);
    }

    TEST_CASE("iptables: the bits that a rule changes in a connection's mark, or takes from it") {
        CHECK(marks_written_by_iptables("-A POSTROUTING -j CONNMARK --save-mark --nfmask "
                                        "0xffffffff --ctmask 0xffffffff") == every_bit);
        CHECK(marks_written_by_iptables(
                  "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff") == 0xff);
        CHECK(marks_written_by_iptables("-A FORWARD -j CONNMARK --set-xmark 0x5/0xffffffff") ==
              every_bit);
        CHECK(marks_written_by_iptables("-A FORWARD -j CONNMARK --set-xmark 0x5/0xff") == 0xff);
        CHECK(marks_written_by_iptables("-A FORWARD -j CONNMARK --save-mark") == every_bit);
    }

    TEST_CASE("nft: the bits that a rule sets in a packet's mark") {
        CHECK(marks_written_by_nft("meta mark set 0x00000001") == 1);
        CHECK(marks_written_by_nft("tcp dport 80 meta mark set 0x00000010 accept") == 0x10);
        CHECK(marks_written_by_nft("meta mark set meta mark & 0x000001ff | 0x00000100") == 0x100);
        CHECK(marks_written_by_nft("meta mark set meta mark ^ 0x00000007 counter") == 7);
        CHECK(marks_written_by_nft("meta mark set ct mark") == every_bit);
        CHECK(marks_written_by_nft("meta mark set ct mark & 0x000000ff") == 0xff);
        CHECK(marks_written_by_nft("meta mark set ct mark & 0x0000000f | 0x00000100 accept") ==
              0x10f);
        CHECK(marks_written_by_nft("meta mark set (ct mark & 0x0000000f) | 0x00000100") == 0x10f);
        CHECK(marks_written_by_nft("meta mark set numgen inc mod 2") == 0);
        CHECK(marks_written_by_nft("meta mark 0x00001000 accept") == 0);
    }

    TEST_CASE("nft: the bits that a rule changes in a connection's mark") {
        CHECK(marks_written_by_nft("ct mark set meta mark") == every_bit);
        CHECK(marks_written_by_nft("counter ct mark set mark") == every_bit);
        CHECK(marks_written_by_nft("ct mark set 0x00000005") == every_bit);
        CHECK(marks_written_by_nft("ct mark set ct mark & 0xffffff01 | 0x00000001") == 0xff);
        CHECK(marks_written_by_nft("ct mark set meta mark & 0x0000ffff") == every_bit);
        CHECK(marks_written_by_nft("ct mark & 0x0000000f == 0x00000001 accept") == 0);
    }

    TEST_CASE("a rule that writes octroi's bits is named with its table") {
        const ForeignRules found = in_iptables(
            "*mangle\n"
            ":FORWARD ACCEPT [0:0]\n"
            "-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff\n"
            "-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff\n"
            "-A OCTROI -j MARK --set-xmark 0x0/0xfffff000\n"
            "COMMIT\n");
        REQUIRE(found.marks.size() == 1);
        CHECK(found.marks[0] ==
              "iptables, table mangle: this rule writes bits of the mark that are octroi's "
              "(0xfffff000): -A POSTROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask "
              "0xffffffff");
        CHECK(found.untracked.empty());
    }

    TEST_CASE("the bits that are octroi's follow the mark's shift") {
        const std::string low = "*mangle\n-A PREROUTING -j MARK --set-xmark 0x1/0x1\n";
        CHECK(in_iptables(low).marks.empty());
        CHECK(in_iptables(low, {.mark = MarkLayout(0)}).marks.size() == 1);
    }

    TEST_CASE(
        "what is exempted from connection tracking is named, on its way out only where asked") {
        const std::string saved =
            "*raw\n"
            "-A PREROUTING -p udp -j NOTRACK\n"
            "-A PREROUTING -p tcp -j CT --notrack\n"
            "-A OUTPUT -p udp -j NOTRACK\n"
            "-A PREROUTING -p tcp -j CT --helper ftp\n";
        CHECK(in_iptables(saved).untracked.size() == 2);
        CHECK(in_iptables(saved, {.hooks = {netfilter::Hook::output}}).untracked.size() == 3);
    }

    TEST_CASE("nft's rules are read table by table, octroi's own not at all") {
        CHECK(in_nft(foreign_table("inet fw", "udp dport 53 notrack")).untracked ==
              std::vector<std::string>{
                  "nft, table inet fw, chain c: this rule exempts packets from connection "
                  "tracking: no decision is kept for them and their fragments arrive one by one: "
                  "udp dport 53 notrack"});
        CHECK(in_nft(foreign_table("inet fw", "ct mark set meta mark")).marks.size() == 1);
        CHECK(in_nft(foreign_table("inet octroi", "ct mark set meta mark")).marks.empty());
    }

    TEST_CASE("tables that iptables has shown are not told twice") {
        const std::string rules = foreign_table("ip mangle", "counter ct mark set mark");
        CHECK(in_nft(rules).marks.size() == 1);
        CHECK(in_nft(rules, true).marks.empty());
        CHECK(in_nft(foreign_table("inet mangle", "ct mark set meta mark"), true).marks.size() ==
              1);
    }

    TEST_CASE("a flowtable takes connections past octroi") {
        const ForeignRules found = in_nft(foreign_table("inet fw", "ip protocol 6 flow add @f"));
        REQUIRE(found.offloading.size() == 1);
        CHECK(found.offloading[0] ==
              "nft, table inet fw, chain c: this rule takes connections past octroi: ip protocol 6 "
              "flow add @f");
    }
}
