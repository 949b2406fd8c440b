#include "daemon/firewall/iptables_listing.hpp"

#include <array>

#include <doctest/doctest.h>

using namespace octroi;

namespace {

constexpr std::string_view jump = "-A FORWARD -j OCTROI";

// A table with these rules above the jump to OCTROI.
IptablesListing above_the_jump(const std::string& rules) {
    return IptablesListing("-P FORWARD ACCEPT\n-N OCTROI\n" + rules +
                           "-A FORWARD -j OCTROI\n-A FORWARD -j ACCEPT\n");
}

}  // namespace

TEST_SUITE("iptables listing") {
    TEST_CASE("a line is found whole only") {
        const IptablesListing listing("-P FORWARD ACCEPT\n-A FORWARD -j OCTROI");
        CHECK(listing.has(jump));
        CHECK(listing.has("-P FORWARD ACCEPT"));
        CHECK_FALSE(listing.has("-A FORWARD"));
        CHECK(listing.lines().size() == 2);
    }

    TEST_CASE("an empty listing has nothing") {
        const IptablesListing listing("");
        CHECK(listing.lines().empty());
        CHECK(listing.own_rules().empty());
        CHECK_FALSE(listing.accepted_mark());
        CHECK_FALSE(listing.way_past(jump, {}));
    }

    TEST_CASE("own rules come chain by chain, in their order within one") {
        const IptablesListing listing(
            "-A FORWARD -j OCTROI\n"
            "-A OCTROI-VERDICT -j CONNMARK\n"
            "-A OCTROI -j NFQUEUE\n"
            "-A OCTROI-VERDICT -j ACCEPT\n");
        CHECK(listing.own_rules() == std::vector<std::string>{"-A OCTROI -j NFQUEUE",
                                                              "-A OCTROI-VERDICT -j CONNMARK",
                                                              "-A OCTROI-VERDICT -j ACCEPT"});
    }

    TEST_CASE("the accepted mark is that of the first rule") {
        CHECK(IptablesListing("-A OCTROI -m connmark --mark 0x41000000/0xff800000 -j RETURN\n")
                  .accepted_mark() == 0x41000000);
        CHECK_FALSE(IptablesListing("-A OCTROI -m connmark --mark 0x1/0xff -g OCTROI-REFUSE\n")
                        .accepted_mark());
    }

    TEST_CASE("rules that refuse, log or do nothing take no packet past octroi") {
        for (const char* rule :
             {"", "-A FORWARD -p tcp --dport 25 -j DROP\n", "-A FORWARD -j REJECT\n",
              "-A FORWARD -j LOG --log-prefix \"x \"\n", "-A FORWARD -s 10.0.0.0/8\n",
              "-A INPUT -j ACCEPT\n", "-A OTHER -j ACCEPT\n"}) {
            CAPTURE(rule);
            CHECK_FALSE(above_the_jump(rule).way_past(jump, {}));
        }
    }

    TEST_CASE("rules that accept, return or go elsewhere may take packets past octroi") {
        for (const char* rule :
             {"-A FORWARD -j ACCEPT", "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
              "-A FORWARD -j DOCKER-USER", "-A FORWARD -g ELSEWHERE", "-A FORWARD -j RETURN",
              "-A FORWARD -j MARK --set-xmark 0x1/0xffffffff",
              "-A FORWARD -m comment --comment \"for -j DROP of old\" -j ACCEPT"}) {
            CAPTURE(rule);
            CHECK(above_the_jump(std::string(rule) + "\n").way_past(jump, {}) == rule);
        }
    }

    TEST_CASE("a target that is harmless in its table is passed over") {
        const IptablesListing listing =
            above_the_jump("-A FORWARD -j TCPMSS --clamp-mss-to-pmtu\n");
        CHECK(listing.way_past(jump, {}));
        constexpr std::array<std::string_view, 1> harmless = {"TCPMSS"};
        CHECK_FALSE(listing.way_past(jump, harmless));
    }

    TEST_CASE("the queue rules' counters are read, where there are any") {
        CHECK(IptablesListing("-A OCTROI -c 5 300 -j RETURN\n"
                              "-A OCTROI -c 17 900 -j NFQUEUE --queue-balance 0:1\n"
                              "-A OCTROI-QUIC -c 3 3600 -j NFQUEUE --queue-balance 0:1\n")
                  .packets_to_queue() == 20);
        CHECK(IptablesListing("-A OCTROI -j NFQUEUE --queue-num 0\n").packets_to_queue() == 0);
        CHECK(
            IptablesListing("-A FORWARD -c 17 900 -j NFQUEUE --queue-num 0\n").packets_to_queue() ==
            0);
    }

    TEST_CASE("jumps to OCTROI are found in both hooks, whatever they ask for") {
        const IptablesListing listing(
            "-A FORWARD -j OCTROI\n"
            "-A INPUT -j OCTROI\n"
            "-A OUTPUT -j ACCEPT\n"
            "-A OUTPUT ! -o lo -j OCTROI\n"
            "-A OCTROI -j RETURN\n");
        CHECK(listing.jumps() ==
              std::vector<std::string>{"-A FORWARD -j OCTROI", "-A OUTPUT ! -o lo -j OCTROI"});
    }

    TEST_CASE("ways past are looked for in the jump's own chain; to loopback is none") {
        const IptablesListing listing(
            "-A FORWARD -j OCTROI\n"
            "-A OUTPUT -o lo -j ACCEPT\n"
            "-A OUTPUT ! -o lo -p tcp -j ACCEPT\n"
            "-A OUTPUT ! -o lo -j OCTROI\n");
        CHECK_FALSE(listing.way_past("-A FORWARD -j OCTROI", {}));
        CHECK(listing.way_past("-A OUTPUT ! -o lo -j OCTROI", {}) ==
              "-A OUTPUT ! -o lo -p tcp -j ACCEPT");
    }

    TEST_CASE("behind the jump, the first rule that may refuse is found, else a policy that does") {
        const std::string begin = "-A FORWARD -p udp -j DROP\n-A FORWARD -j OCTROI\n";
        CHECK_FALSE(IptablesListing("-P FORWARD ACCEPT\n" + begin + "-A FORWARD -j ACCEPT\n")
                        .refusal_behind(jump));
        CHECK(IptablesListing("-P FORWARD DROP\n" + begin).refusal_behind(jump) ==
              "-P FORWARD DROP");
        CHECK(IptablesListing("-P FORWARD DROP\n" + begin + "-A FORWARD -j MINE\n")
                  .refusal_behind(jump) == "-A FORWARD -j MINE");
        CHECK_FALSE(IptablesListing(begin + "-A INPUT -j DROP\n").refusal_behind(jump));
        CHECK_FALSE(IptablesListing("-P FORWARD DROP\n").refusal_behind(jump));
    }

    TEST_CASE("without a jump there is nothing above it") {
        CHECK_FALSE(IptablesListing("-A FORWARD -j ACCEPT\n").way_past(jump, {}));
    }
}
