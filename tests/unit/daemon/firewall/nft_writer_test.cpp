#include "daemon/firewall/nft_writer.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace octroi;

namespace {

// The table without the comments, each of which repeats its rule.
std::string uncommented(const std::string& text) {
    std::string plain;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        const std::string line = text.substr(begin, end - begin);
        plain += line.substr(0, line.find(" comment ")) + "\n";
        begin = end + 1;
    }
    return plain;
}

std::string nft_chain(const std::string& text, const std::string& name) {
    const std::size_t begin = text.find("\tchain " + name + " {\n");
    REQUIRE(begin != std::string::npos);
    return text.substr(begin, text.find("\t}\n", begin) - begin);
}

std::string nft_table(const netfilter::Settings& settings, std::uint8_t generation = 1) {
    return uncommented(NftWriter(settings).table(generation));
}

// A mark after the rules of `save` or `restore`, which put `from` into `to` bit by bit.
std::uint32_t copied(const std::string& rules, std::uint32_t from, std::uint32_t to) {
    constexpr int hexadecimal = 16;
    for (std::size_t at = rules.find("0x"); at != std::string::npos;) {
        const std::size_t end = rules.find('\n', at);
        const std::string line = rules.substr(at, end - at);
        const auto value = static_cast<std::uint32_t>(
            std::stoul(line.substr(line.rfind("0x")), nullptr, hexadecimal));
        if (line.contains(" | ") && (from & value) == value)
            to |= value;
        if (line.contains("return") &&
            (to & static_cast<std::uint32_t>(std::stoul(line, nullptr, hexadecimal))) == 0)
            return from & static_cast<std::uint32_t>(
                              std::stoul(line.substr(line.rfind("0x")), nullptr, hexadecimal));
        if (!line.contains("=="))
            to &= value;
        at = rules.find("0x", end);
    }
    return to;
}

}  // namespace

TEST_SUITE("nft writer") {
    TEST_CASE("the table, whole but for the copies of marks") {
        const std::string text =
            nft_table({.first_queue = 0, .queue_count = 4, .mark = MarkLayout()});
        CHECK(text.substr(0, text.find("\tchain save")) ==
              "table inet octroi {\n"
              "\tchain forward-marks {\n"
              "\t\ttype filter hook forward priority -11; policy accept;\n"
              "\t\tjump marks\n"
              "\t}\n"
              "\tchain forward {\n"
              "\t\ttype filter hook forward priority -10; policy accept;\n"
              "\t\tjump gate\n"
              "\t}\n"
              "\tchain marks {\n"
              "\t\tmeta mark set meta mark & 0x00000fff\n"
              "\t\tct state related ct status expected ct mark set ct mark & 0x00000fff\n"
              "\t}\n"
              "\tchain gate {\n"
              "\t\tudp length >= 1208 @th,64,1 1 @th,72,24 { 0, 0x543035, 0x6b3343, "
              "0xfaceb0, 0xff0000 } ct direction original goto quic\n"
              "\t\tmeta l4proto udp @th,64,3 { 4, 6 } @th,72,24 { 0, 0x543035, 0x6b3343, "
              "0xfaceb0, 0xff0000 } ct direction original goto quic\n"
              "\t\tudp dport 443 udp length >= 2408 goto quic\n"
              "\t\ttcp flags & (fin | syn | rst | ack) == syn goto opening\n"
              "\t\tct mark & 0xff800000 == 0x40800000 return\n"
              "\t\tct mark & 0x1f800000 == 0x00800000 goto refuse\n"
              "\t\tmeta mark & 0xe0000000 != 0x00000000 goto verdict\n"
              "\t\tmeta l4proto icmp ct state related meta length <= 576 return\n"
              "\t\tmeta l4proto ipv6-icmp ct state related meta length <= 1280 return\n"
              "\t\ticmpv6 type { 133, 134, 135, 136, 137 } ip6 hoplimit 255 return\n"
              "\t\tmeta l4proto tcp ct state invalid goto invalid\n"
              "\t\tmeta l4proto udp ct state invalid goto invalid\n"
              "\t\tjump restore\n"
              "\t\tcounter queue to 0-3\n"
              "\t}\n"
              "\tchain quic {\n"
              "\t\tmeta mark & 0xe0000000 != 0x00000000 goto verdict\n"
              "\t\tjump restore\n"
              "\t\tcounter queue to 0-3\n"
              "\t}\n"
              "\tchain opening {\n"
              "\t\tmeta mark & 0xe0000000 != 0x00000000 goto verdict\n"
              "\t\tct state invalid goto invalid\n"
              "\t\tct state established ct mark & 0xc0000000 == 0x00000000 meta mark set meta mark "
              "| 0xe0000000\n"
              "\t\tmeta mark & 0xe0000000 == 0x00000000 jump restore\n"
              "\t\tcounter queue to 0-3\n"
              "\t}\n"
              "\tchain invalid {\n"
              "\t\tmeta mark set meta mark | 0xc0000000\n"
              "\t\tcounter queue to 0-3\n"
              "\t}\n"
              "\tchain verdict {\n"
              "\t\tmeta l4proto tcp meta mark & 0xe0000000 == 0x20000000 jump save\n"
              "\t\tmeta mark & 0xe0000000 == 0x20000000 return\n"
              "\t\tjump save\n"
              "\t\tmeta mark & 0xe0000000 == 0x40000000 return\n"
              "\t\tmeta mark & 0xe0000000 == 0xa0000000 return\n"
              "\t\tgoto refuse\n"
              "\t}\n"
              "\tchain refuse {\n"
              "\t\tct mark & 0xe0000000 == 0x40000000 meta mark & 0xe0000000 == 0x00000000 return\n"
              "\t\tct mark & 0xe0000000 == 0x60000000 drop\n"
              "\t\tmeta mark & 0xe0000000 == 0x60000000 drop\n"
              "\t\tmeta l4proto tcp reject with tcp reset\n"
              "\t\treject with icmpx port-unreachable\n"
              "\t}\n");
    }

    TEST_CASE("a mark without bits of others is copied whole, the others bit by bit") {
        const std::string save = nft_chain(nft_table({}), "save");
        CHECK(save.starts_with(
            "\tchain save {\n"
            "\t\tct mark & 0x00000fff == 0x00000000 ct mark set meta mark & 0xfffff000 return\n"
            "\t\tct mark set ct mark & 0x00000fff\n"
            "\t\tmeta mark & 0x00001000 == 0x00001000 ct mark set ct mark | 0x00001000\n"));
        CHECK(std::ranges::count(save, '\n') == 1 + 2 + MarkLayout::bits);
    }

    TEST_CASE("octroi's bits are copied and no others, at every shift") {
        for (unsigned shift = 0; shift <= MarkLayout::max_shift; ++shift) {
            const MarkLayout layout(shift);
            const std::string text = nft_table({.mark = layout});
            for (const char* name : {"save", "restore"})
                for (const std::uint32_t from : {0U, 0x12345678U, 0xffffffffU, 0xabcdef01U})
                    for (const std::uint32_t to : {0U, 0x87654321U, 0xffffffffU, 0x00000001U}) {
                        const std::uint32_t after = copied(nft_chain(text, name), from, to);
                        REQUIRE(after == ((from & layout.mask()) | (to & ~layout.mask())));
                    }
        }
    }

    TEST_CASE("the generation is the last of a decision that is copied bit by bit") {
        const MarkLayout layout;
        const std::string save = nft_chain(nft_table({}), "save");
        for (std::uint32_t part = layout.state_mask(); part != 0; part &= part - 1) {
            const std::string bit = fmt::format("{:#010x}", 1U << std::countr_zero(part));
            CHECK(save.find(bit + " ct mark set") < save.find("0x00800000 ct mark set"));
        }
    }

    TEST_CASE("the output hook takes what the gateway itself opens, and nothing to loopback") {
        const std::string text = nft_table({.hooks = {netfilter::Hook::output}});
        CHECK(nft_chain(text, "output") ==
              "\tchain output {\n"
              "\t\ttype filter hook output priority -10; policy accept;\n"
              "\t\toifname != lo ct direction original jump gate\n");
        CHECK(nft_chain(text, "output-marks")
                  .contains("oifname != lo ct direction original jump marks"));
        CHECK_FALSE(text.contains("hook forward"));
    }

    TEST_CASE("marks are cleared in a base chain that NF_REPEAT does not walk again") {
        const std::string text = nft_table({});
        CHECK(nft_chain(text, "forward-marks").contains("jump marks"));
        CHECK_FALSE(nft_chain(text, "forward").contains("marks"));
        CHECK_FALSE(nft_chain(text, "gate").contains("jump marks"));
    }

    TEST_CASE("one queue is named by its number; only on_failure: open lets packets pass it") {
        CHECK(nft_table({.first_queue = 7}).contains("\t\tcounter queue to 7\n"));
        CHECK(
            nft_table({.first_queue = 7, .queue_count = 2}).contains("\t\tcounter queue to 7-8\n"));
        CHECK(nft_table({.bypass = true}).contains("\t\tcounter queue flags bypass to 0\n"));
    }

    TEST_CASE("the generation is in two rules of the gate and nowhere else") {
        const NftWriter writer({});
        std::string text = writer.table(63);
        const auto last = writer.generation_rules(63).lines;
        const auto first = writer.generation_rules(1).lines;
        REQUIRE(last.size() == netfilter::generation_rules);
        for (std::size_t i = 0; i < last.size(); ++i) {
            const std::string rule = NftWriter::commented(last[i]);
            REQUIRE(text.contains(rule));
            text.replace(text.find(rule), rule.size(), NftWriter::commented(first[i]));
        }
        CHECK(text == writer.table(1));
    }

    TEST_CASE("each rule's comment is the rule, and fits into what nft allows") {
        constexpr std::size_t longest = 128;
        const std::string text = NftWriter({.queue_count = 64, .bypass = true}).table(63);
        std::size_t rules = 0;
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = text.find('\n', begin);
            const std::string line = text.substr(begin, end - begin);
            begin = end + 1;
            if (!line.starts_with("\t\t") || line.starts_with("\t\ttype "))
                continue;
            const std::string rule = line.substr(2, line.find(" comment ") - 2);
            CHECK(line == "\t\t" + NftWriter::commented(rule));
            CHECK(rule.size() <= longest);
            ++rules;
        }
        CHECK(rules == 2 + 2 + 14 + 3 + 5 + 2 + 6 + 5 + 2 * (2 + MarkLayout::bits));
    }
}
