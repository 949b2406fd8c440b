#include "daemon/firewall/nft_listing.hpp"

#include <doctest/doctest.h>

#include "daemon/firewall/nft_writer.hpp"

using namespace octroi;

namespace {

// As nft 1.0.6 prints it with -n -a.
constexpr std::string_view printed =
    "table inet octroi { # handle 1\n"
    "\tchain forward { # handle 2\n"
    "\t\ttype filter hook forward priority -10; policy accept;\n"
    "\t\tjump gate comment \"jump gate\" # handle 5\n"
    "\t}\n"
    "\n"
    "\tchain gate { # handle 3\n"
    "\t\tct mark 0x41000000/9 return comment \"ct mark & 0xff800000 == 0x41000000 return\" "
    "# handle 6\n"
    "\t\tcounter packets 17 bytes 900 queue to 0-1 comment \"counter queue to 0-1\" # handle 7\n"
    "\t}\n"
    "}\n";

std::string with(std::string_view from, std::string_view to) {
    std::string text(printed);
    text.replace(text.find(from), from.size(), to);
    return text;
}

}  // namespace

TEST_SUITE("nft listing") {
    TEST_CASE("a rule is known by its comment, and has its handle and counter") {
        const auto gate = NftListing(printed).rules("gate");
        REQUIRE(gate.size() == 2);
        CHECK(gate[0].text == "ct mark & 0xff800000 == 0x41000000 return");
        CHECK(gate[0].handle == "6");
        CHECK(gate[1].text == "counter queue to 0-1");
        CHECK(gate[1].handle == "7");
        CHECK(gate[1].packets == 17);
    }

    TEST_CASE("the accepted mark and the queue rule's packets are read") {
        CHECK(NftListing(printed).accepted_mark() == 0x41000000);
        CHECK(NftListing(printed).packets_to_queue() == 17);
        CHECK(NftListing(
                  with("\t}\n}\n",
                       "\t}\n\tchain opening {\n\t\ttcp flags syn / fin,syn,rst,ack counter "
                       "packets 5 bytes 300 queue to 0-1 comment \"tcp flags & (fin | syn | rst "
                       "| ack) == syn counter queue to 0-1\" # handle 9\n\t}\n}\n"))
                  .packets_to_queue() == 22);
        CHECK_FALSE(NftListing("").accepted_mark());
        CHECK(NftListing("").packets_to_queue() == 0);
    }

    TEST_CASE("counters and handles make no difference") {
        CHECK(NftListing(printed) == NftListing(with("packets 17 bytes 900", "packets 0 bytes 0")));
        CHECK(NftListing(printed) == NftListing(with("# handle 6", "# handle 60")));
    }

    TEST_CASE("a rule that is added, replaced, taken away or moved makes one") {
        const std::string line = "\t\tjump gate comment \"jump gate\" # handle 5\n";
        for (const std::string& other :
             {with(line, line + "\t\taccept # handle 9\n"), with(line, "\t\taccept # handle 5\n"),
              with(line, ""), with("comment \"counter queue to 0-1\"", "comment \"mine\""),
              with(line, line + line)}) {
            CAPTURE(other);
            CHECK(NftListing(printed) != NftListing(other));
            CHECK(NftListing(printed).same_chains(NftListing(other)));
        }
    }

    TEST_CASE("a chain at another hook, or another chain, makes one too") {
        for (const std::string& other :
             {with("priority -10", "priority 10"), with("chain gate", "chain gates"),
              with("policy accept", "policy drop")}) {
            CAPTURE(other);
            CHECK(NftListing(printed) != NftListing(other));
            CHECK_FALSE(NftListing(printed).same_chains(NftListing(other)));
        }
    }

    TEST_CASE("what NftWriter writes reads as the same table again") {
        const NftListing written(NftWriter({}).table(5));
        CHECK(written.accepted_mark() == 0x42800000);
        CHECK(written.rules("refuse").size() == 5);
        CHECK(written.rules("forward").size() == 1);
        CHECK(written == NftListing(NftWriter({}).table(5)));
        CHECK(written != NftListing(NftWriter({}).table(6)));
    }
}
