#include "daemon/replay/pcap_source.hpp"

#include <doctest/doctest.h>

#include "tests/unit/captures.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;
using wire::Buffer;
using wire::Fields;

namespace {

// LINKTYPE_ values as libpcap gives them (www.tcpdump.org/linktypes.html).
constexpr int null_loopback = 0;
constexpr int ethernet = 1;
constexpr int ppp = 9;
constexpr int raw = 12;
constexpr int pppoe = 51;
constexpr int openbsd_loopback = 108;
constexpr int cooked = 113;
constexpr int cooked_2 = 276;

const Buffer ip = wire::text("E-an IP packet");

std::string in(const Buffer& frame, int link_type) {
    const auto packet = ip_packet_of(frame, link_type);
    return packet ? wire::text(*packet) : "(none)";
}

std::string ethernet_frame(std::size_t type, const Buffer& rest) {
    return in(Fields().fill(12, 0x02).u16(type).bytes(rest).take(), ethernet);
}

}  // namespace

TEST_SUITE("link layers") {
    TEST_CASE("Ethernet holds IPv4 and IPv6") {
        CHECK(ethernet_frame(0x0800, ip) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x86dd, ip) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x0806, ip) == "(none)");  // ARP
        CHECK(ethernet_frame(0x0040, ip) == "(none)");  // an IEEE 802.3 length
    }

    TEST_CASE("VLAN tags are taken off, four of them at most") {
        const auto tagged = [](std::size_t tags) {
            Fields rest;
            for (std::size_t i = 1; i < tags; ++i)
                rest.u16(0x0064).u16(0x8100);  // VLAN 100, another tag
            return rest.u16(0x0064).u16(0x0800).bytes(ip).take();
        };
        CHECK(ethernet_frame(0x8100, tagged(1)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x88a8, tagged(2)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x9100, tagged(4)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x8100, tagged(5)) == "(none)");
    }

    TEST_CASE("an MPLS stack ends at its bottom label") {
        const Buffer stack = Fields()
                                 .u32(0x00064040)  // label 100, time to live 64
                                 .u32(0x00065140)  // label 101, bottom of the stack
                                 .bytes(ip)
                                 .take();
        CHECK(ethernet_frame(0x8847, stack) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x8848, Buffer(64)) == "(none)");  // no bottom
    }

    TEST_CASE("a pseudowire under MPLS holds Ethernet, with a control word or without") {
        const Buffer packet = wire::ipv4({}, wire::tcp({}));
        const auto frame = [&](std::uint8_t first) {
            return Fields().u8(first).fill(11, 2).u16(0x0800).bytes(packet).take();
        };
        const auto under_label = [](const Buffer& rest) {
            return ethernet_frame(0x8847, Fields().u32(0x00065140).bytes(rest).take());
        };
        for (const int first : {0x00, 0x02, 0x10, 0x45, 0x60, 0xaa})
            CHECK(under_label(frame(static_cast<std::uint8_t>(first))) ==
                  wire::text(Bytes(packet)));
        for (const int first : {0x00, 0x45, 0xaa})
            CHECK(under_label(Fields()
                                  .u32(0x00000007)  // sequence number
                                  .bytes(frame(static_cast<std::uint8_t>(first)))
                                  .take()) == wire::text(Bytes(packet)));
    }

    TEST_CASE("a provider's backbone holds the customer's frame") {
        const Buffer customer = Fields()
                                    .u32(0x00000123)  // service instance
                                    .fill(12, 0x04)   // addresses
                                    .u16(0x88a8)      // provider's tag
                                    .u16(100)
                                    .u16(0x8100)  // customer's tag
                                    .u16(200)
                                    .u16(0x0800)
                                    .bytes(ip)
                                    .take();
        CHECK(ethernet_frame(0x88e7, customer) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x88a8, Fields().u16(7).u16(0x88e7).bytes(customer).take()) ==
              wire::text(Bytes(ip)));
    }

    TEST_CASE("a service header names what follows it") {
        const auto service = [](std::size_t words, std::size_t next) {
            return Fields()
                .u16(words)           // time to live, length
                .u8(2)                // metadata of variable length
                .u8(next)             // next protocol
                .fill(words * 4 - 4)  // path, metadata
                .bytes(ip)
                .take();
        };
        CHECK(ethernet_frame(0x894f, service(2, 1)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x894f, service(6, 2)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x894f, service(2, 9)) == "(none)");
    }

    TEST_CASE("a wireless frame holds LLC, behind radiotap too") {
        const Buffer wireless = Fields()
                                    .u16(0x0801)    // data, to the access point
                                    .fill(22, 2)    // duration, addresses, sequence
                                    .u24(0xaaaa03)  // LLC
                                    .u24(0)         // organisation
                                    .u16(0x0800)    // EtherType
                                    .bytes(ip)
                                    .take();
        CHECK(in(wireless, 105) == wire::text(Bytes(ip)));
        const Buffer tapped = Fields()
                                  .u16(0)       // version
                                  .u16(0x0a00)  // length, little-endian
                                  .fill(6, 9)
                                  .bytes(wireless)
                                  .take();
        CHECK(in(tapped, 127) == wire::text(Bytes(ip)));
    }

    TEST_CASE("a PPPoE session holds PPP") {
        const auto session = [](std::size_t protocol) {
            return Fields()
                .u8(0x11)       // version, type
                .u8(0)          // code: session data
                .u16(0x0001)    // session
                .u16(2 + 14)    // length
                .u16(protocol)  // PPP protocol
                .bytes(ip)
                .take();
        };
        CHECK(ethernet_frame(0x8864, session(0x0021)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x8864, session(0x0057)) == wire::text(Bytes(ip)));
        CHECK(ethernet_frame(0x8864, session(0xc021)) == "(none)");  // LCP
        CHECK(in(session(0x0021), pppoe) == wire::text(Bytes(ip)));
    }

    TEST_CASE("PPP comes with or without address, control and a long protocol") {
        CHECK(in(Fields().u16(0xff03).u16(0x0021).bytes(ip).take(), ppp) == wire::text(Bytes(ip)));
        CHECK(in(Fields().u16(0x0057).bytes(ip).take(), ppp) == wire::text(Bytes(ip)));
        CHECK(in(Fields().u8(0x21).bytes(ip).take(), ppp) == wire::text(Bytes(ip)));
        CHECK(in(Fields().u16(0x8021).bytes(ip).take(), ppp) == "(none)");  // IPCP
    }

    TEST_CASE("Linux cooked captures hold the type behind or before their header") {
        CHECK(in(Fields().fill(14).u16(0x0800).bytes(ip).take(), cooked) == wire::text(Bytes(ip)));
        CHECK(in(Fields().fill(14).u16(0x8100).u16(100).u16(0x86dd).bytes(ip).take(), cooked) ==
              wire::text(Bytes(ip)));
        CHECK(in(Fields().u16(0x86dd).fill(18).bytes(ip).take(), cooked_2) ==
              wire::text(Bytes(ip)));
        CHECK(in(Fields().u16(0x0806).fill(18).bytes(ip).take(), cooked_2) == "(none)");
    }

    TEST_CASE("a BSD loopback's family is skipped in either byte order") {
        for (const int link : {null_loopback, openbsd_loopback}) {
            CHECK(in(Fields().u32(2).bytes(ip).take(), link) == wire::text(Bytes(ip)));
            CHECK(in(Fields().u32(0x02000000).bytes(ip).take(), link) == wire::text(Bytes(ip)));
        }
    }

    TEST_CASE("a frame cut inside its link layer holds no IP packet") {
        const auto cut = [](const Buffer& whole, int link_type) {
            for (std::size_t n = 0; n < whole.size(); ++n)
                REQUIRE_FALSE(ip_packet_of(Bytes(whole).first(n), link_type));
        };
        cut(Fields().fill(12).u16(0x8100).u16(100).u16(0x8847).u32(0x00065140).take(), ethernet);
        cut(Fields().u16(0x0800).fill(18).take(), cooked_2);
        cut(Fields().fill(14).u16(0x0800).take(), cooked);
        cut(Fields().u32(2).u8('E').take(), null_loopback);
        cut(Buffer{'E'}, raw);
    }

    TEST_CASE("a frame that ends where its IP packet would start holds none") {
        CHECK(ethernet_frame(0x0800, {}) == "(none)");
        CHECK(ethernet_frame(0x8847, Fields().u32(0x00065140).take()) == "(none)");
        CHECK(in(Fields().u16(0x0057).take(), ppp) == "(none)");
    }
}

TEST_SUITE("pcap source") {
    TEST_CASE("gives the IP packets with their times, and skips other frames") {
        const TemporaryFolder folder;
        const Buffer frame = Fields().fill(12).u16(0x0800).bytes(ip).take();
        const Buffer arp = Fields().fill(12).u16(0x0806).fill(28).take();
        const std::string path = folder.write(
            "a.pcap", Bytes(pcap_file(ethernet, {{.seconds = 5, .fraction = 600, .frame = arp},
                                                 {.seconds = 7, .fraction = 42, .frame = frame}})));
        auto source = PcapSource::open(path);
        REQUIRE(source);
        const auto captured = source->next();
        REQUIRE(captured);
        REQUIRE(*captured);
        CHECK(wire::text((*captured)->ip_packet) == wire::text(Bytes(ip)));
        CHECK((*captured)->context.time ==
              Time(std::chrono::seconds(7) + std::chrono::microseconds(42)));
        CHECK((*captured)->context.mark == 0);
        const auto end = source->next();
        REQUIRE(end);
        CHECK_FALSE(*end);
    }

    TEST_CASE("reads nanoseconds, and files of the other byte order") {
        const TemporaryFolder folder;
        const std::vector<CapturedFrame> frames = {{.seconds = 7, .fraction = 42, .frame = ip}};
        auto nanoseconds = PcapSource::open(
            folder.write("n.pcap", Bytes(pcap_file(raw_ip, frames, {.nanoseconds = true}))));
        REQUIRE(nanoseconds);
        CHECK((*nanoseconds->next())->context.time ==
              Time(std::chrono::seconds(7) + std::chrono::nanoseconds(42)));
        auto little = PcapSource::open(
            folder.write("l.pcap", Bytes(pcap_file(raw_ip, frames, {.little_endian = true}))));
        REQUIRE(little);
        CHECK(wire::text((*little->next())->ip_packet) == wire::text(Bytes(ip)));
    }

    TEST_CASE("reads pcapng") {
        const TemporaryFolder folder;
        auto source = PcapSource::open(
            folder.write("a.pcapng", Bytes(pcapng_file(raw_ip, 6, 7'000'042, ip))));
        REQUIRE(source);
        const auto captured = source->next();
        REQUIRE(captured);
        REQUIRE(*captured);
        CHECK(wire::text((*captured)->ip_packet) == wire::text(Bytes(ip)));
        CHECK((*captured)->context.time ==
              Time(std::chrono::seconds(7) + std::chrono::microseconds(42)));
    }

    TEST_CASE("a time beyond what a clock can tell does no harm") {
        // pcapng counts 64 bits of any unit: here whole seconds, in the year 2286.
        const TemporaryFolder folder;
        auto source = PcapSource::open(
            folder.write("a.pcapng", Bytes(pcapng_file(raw_ip, 0, 10'000'000'000, ip))));
        REQUIRE(source);
        const auto captured = source->next();
        if (captured && *captured)  // else refused with an error: as good
            CHECK((*captured)->context.time >= Time());
    }

    TEST_CASE("a fraction that is none of a second leaves the time in its second") {
        const TemporaryFolder folder;
        for (const std::uint32_t fraction : {1'000'000U, 0x7fffffffU, 0xde8c3ffcU, 0xffffffffU})
            for (const bool nanoseconds : {false, true}) {
                CAPTURE(fraction);
                const Buffer file =
                    pcap_file(raw_ip, {{.seconds = 7, .fraction = fraction, .frame = ip}},
                              {.nanoseconds = nanoseconds});
                auto source = PcapSource::open(folder.write("f.pcap", Bytes(file)));
                REQUIRE(source);
                const Time time = (*source->next())->context.time;
                CHECK(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()) ==
                      std::chrono::seconds(7));
            }
    }

    TEST_CASE("a file that is cut off gives everything before the cut, then an error") {
        const TemporaryFolder folder;
        Buffer bytes = pcap_file(raw_ip, {{.frame = ip}, {.frame = ip}});
        bytes.pop_back();
        auto source = PcapSource::open(folder.write("cut.pcap", Bytes(bytes)));
        REQUIRE(source);
        const auto first = source->next();
        REQUIRE(first);
        CHECK(*first);
        CHECK_FALSE(source->next());
    }

    TEST_CASE("what can't be read is an error that names the file") {
        const TemporaryFolder folder;
        const auto missing = PcapSource::open(folder.path("missing.pcap"));
        REQUIRE_FALSE(missing);
        CHECK(missing.error().find("missing.pcap") != std::string::npos);
        const auto text = PcapSource::open(folder.write("text", "this is not a capture, is it?"));
        REQUIRE_FALSE(text);
        CHECK(text.error().find("text: ") != std::string::npos);
        CHECK_FALSE(PcapSource::open(folder.write("empty", "")));
        const std::string none = folder.path("none");
        CHECK(PcapSource::open(none).error() == none + ": No such file or directory");
    }

    TEST_CASE("a link type that octroi does not read is an error that says which") {
        const TemporaryFolder folder;
        constexpr int bluetooth = 187;
        const auto source =
            PcapSource::open(folder.write("b.pcap", Bytes(pcap_file(bluetooth, {{.frame = ip}}))));
        REQUIRE_FALSE(source);
        CHECK(source.error().ends_with(": link type 187 is not one that octroi reads"));
    }
}
