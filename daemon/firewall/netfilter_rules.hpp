#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "daemon/kernel/mark.hpp"

/// octroi's kernel rules in the words of no program (docs/kernel.md has them line by line).
/// daemon/firewall/iptables_writer and daemon/firewall/nft_writer make text of them.
namespace octroi::netfilter {

/// Where packets come to octroi's rules.
enum class Hook : std::uint8_t {
    forward,
    output  ///< the flows that the gateway itself opens, a proxy's for one
};

enum class Chain : std::uint8_t {
    marks,    ///< before the others, and not walked again by NF_REPEAT
    gate,     ///< decided flows leave, the others go to the queue
    quic,     ///< what may begin another connection on the ports of a decided flow
    opening,  ///< a client's SYN, whatever was decided on its ports
    invalid,  ///< what conntrack does not count as a part of any connection
    verdict,  ///< the second pass: a verdict came back in the packet's mark
    refuse
};

struct Settings {
    std::uint16_t first_queue = 0;
    std::uint16_t queue_count = 1;
    bool bypass = false;  ///< on_failure: open
    // An explicit constructor is not called where the member is left out.
    MarkLayout mark = MarkLayout();  // NOLINT(readability-redundant-member-init)
    std::vector<Hook> hooks = {Hook::forward};
};

struct PacketMark {
    std::uint32_t value = 0;
    std::uint32_t mask = 0;
    bool equal = true;
};

struct ConnectionMark {
    std::uint32_t value = 0;
    std::uint32_t mask = 0;
};

struct Tcp {};

struct Udp {};

/// A client's SYN (RFC 9293 3.5): without ACK, FIN and RST.
struct TcpSyn {};

/// TCP without payload or an urgent pointer, and no SYN of a client.
struct BareSegment {};

/// A datagram like a client's QUIC Initial: it begins with the long header of a version that octroi
/// opens, and is of the type of an Initial or of 0-RTT, or has 1200 octets at least (RFC
/// 9000 14.1). What a client sends beside that over its handshake is small. The fixed bit may
/// be clear (RFC 9287).
struct QuicInitial {};

/// What is to port 443 and as large as two such datagrams: they are put together, and an Initial
/// may begin anywhere in it.
struct MergedDatagrams {};

/// Conntrack calls it INVALID: a wrong checksum, out of window, senseless flags.
struct Invalid {};

/// Of a connection that both sides have sent packets of.
struct Established {};

/// The connection was expected by a helper, on account of another one (FTP's data, a call's media).
struct Expected {};

/// ICMP of the packet's own family, about another connection, no longer than its RFC says.
struct RelatedIcmp {};

/// RFC 4861 4, IPv6 only, as it comes over a bridge. Through a router it never goes: a hop limit
/// other than 255 makes its receiver drop it.
struct NeighbourDiscovery {};

/// Leaves by another interface than lo.
struct NotToLoopback {};

/// From the side that opened the connection.
struct FromOpener {};

using Match = std::variant<PacketMark, ConnectionMark, Tcp, Udp, TcpSyn, BareSegment, QuicInitial,
                           MergedDatagrams, Invalid, Established, Expected, RelatedIcmp,
                           NeighbourDiscovery, NotToLoopback, FromOpener>;

struct Return {};

struct Goto {
    Chain chain = Chain::gate;
};

struct Drop {};

struct ResetTcp {};

struct PortUnreachable {};

/// octroi's bits of the packet's mark, cleared.
struct ClearMark {};

/// octroi's bits of the connection's mark, cleared.
struct ForgetMark {};

/// A state for user space to see, in the packet's mark.
struct Tell {
    MarkState state = MarkState::none;
};

/// octroi's bits, and no others, from the packet to the connection.
struct SaveMark {};

/// The other way.
struct RestoreMark {};

struct Queue {};

using Target = std::variant<Return, Goto, Drop, ResetTcp, PortUnreachable, ClearMark, ForgetMark,
                            Tell, SaveMark, RestoreMark, Queue>;

struct Rule {
    std::vector<Match> matches;  ///< all of them
    Target target;
};

struct ChainRules {
    Chain chain = Chain::gate;
    std::vector<Rule> rules;
};

/// Which rules of `gate` carry the generation, and how many.
constexpr std::size_t first_generation_rule = 3;
constexpr std::size_t generation_rules = 2;

/// All chains, in the order of their enumerators.
[[nodiscard]] std::vector<ChainRules> rules(const Settings& settings, std::uint8_t generation);

/// Which packets of a hook walk `marks` and `gate`.
[[nodiscard]] std::vector<Match> entrance(Hook hook);

/// The generation in a mark that the rules take for accepted. 0 comes from rules with another
/// layout, which say nothing about ours: 1.
[[nodiscard]] std::uint8_t generation_of(const MarkLayout& layout, std::uint32_t accepted);

}  // namespace octroi::netfilter
