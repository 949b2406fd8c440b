#include "daemon/firewall/netfilter_rules.hpp"

namespace octroi::netfilter {
namespace {

class RuleMaker {
  public:
    RuleMaker(const MarkLayout& layout, std::uint8_t generation)
        : layout_(layout), generation_(generation) {}

    [[nodiscard]] static std::vector<Rule> marks();
    [[nodiscard]] std::vector<Rule> gate() const;
    [[nodiscard]] std::vector<Rule> quic() const;
    [[nodiscard]] std::vector<Rule> opening() const;
    [[nodiscard]] static std::vector<Rule> invalid();
    [[nodiscard]] std::vector<Rule> verdict() const;
    [[nodiscard]] std::vector<Rule> refuse() const;

  private:
    [[nodiscard]] PacketMark packet(MarkState state) const {
        return {.value = layout_.encode({.state = state}), .mask = layout_.state_mask()};
    }

    [[nodiscard]] PacketMark answered() const {
        PacketMark any = packet(MarkState::none);
        any.equal = false;
        return any;
    }

    [[nodiscard]] ConnectionMark connection(MarkState state) const {
        return {.value = layout_.encode({.state = state}), .mask = layout_.state_mask()};
    }

    // None, or `pass`, which differs from it by the lowest bit.
    [[nodiscard]] ConnectionMark undecided() const {
        static_assert(static_cast<unsigned>(MarkState::none) == 0 &&
                      static_cast<unsigned>(MarkState::pass) == 1);
        const std::uint32_t mask = layout_.state_mask();
        return {.value = 0, .mask = mask & mask << 1U};
    }

    MarkLayout layout_;
    std::uint8_t generation_;
};

// NOLINTBEGIN(modernize-use-designated-initializers): each line reads as a rule.
std::vector<Rule> RuleMaker::marks() {
    return {
        // A restored mark of another program must not pass for a decision of ours.
        {{}, ClearMark{}},
        // The kernel gives a connection that a helper expects the mark of the one that announced
        // it: what was decided on that says nothing of this one.
        {{Expected{}}, ForgetMark{}},
    };
}

std::vector<Rule> RuleMaker::gate() const {
    const ConnectionMark accepted{
        .value = layout_.encode({.state = MarkState::accept, .generation = generation_}),
        .mask = layout_.generation_mask() | layout_.state_mask()};
    const ConnectionMark decided{.value = layout_.encode({.generation = generation_}),
                                 .mask = layout_.generation_mask()};
    return {
        {{QuicInitial{}, FromOpener{}}, Goto{Chain::quic}},
        {{MergedDatagrams{}}, Goto{Chain::quic}},
        {{TcpSyn{}}, Goto{Chain::opening}},
        {{accepted}, Return{}},
        {{decided}, Goto{Chain::refuse}},
        {{answered()}, Goto{Chain::verdict}},
        // An ICMP error shares the conntrack entry of the flow it speaks about.
        {{RelatedIcmp{}}, Return{}},
        {{NeighbourDiscovery{}}, Return{}},
        {{Tcp{}, Invalid{}}, Goto{Chain::invalid}},
        {{Udp{}, Invalid{}}, Goto{Chain::invalid}},
        // Nothing can be learned from it, and nothing gets through with it.
        {{BareSegment{}, undecided()}, Return{}},
        {{}, RestoreMark{}},
        {{}, Queue{}},
    };
}

// Asked about whatever the connection carries: the verdict replaces that. The old decision goes
// along, for what turns out to be no Initial.
std::vector<Rule> RuleMaker::quic() const {
    return {
        {{answered()}, Goto{Chain::verdict}},
        {{}, RestoreMark{}},
        {{}, Queue{}},
    };
}

// A SYN begins another connection, also on the ports of a decided one, whose entry may live on: the
// kernel does not see its own reset, and keeps an entry that the server's reset closed. The old
// decision goes along and tells so. One with a wrong checksum opens nothing; nor may one that
// conntrack can't tell from a server's, because it saw the server speak first. Of a connection that
// is established and not decided its server knows it as well, and takes no SYN: somebody else's.
std::vector<Rule> RuleMaker::opening() const {
    return {
        {{answered()}, Goto{Chain::verdict}},
        {{Invalid{}}, Goto{Chain::invalid}},
        {{Established{}, undecided()}, Tell{MarkState::established}},
        {{packet(MarkState::none)}, RestoreMark{}},
        {{}, Queue{}},
    };
}

// Its receiver drops it, most likely, so it must not decide; but nothing gets through with it
// either.
std::vector<Rule> RuleMaker::invalid() {
    return {
        {{BareSegment{}}, Return{}},
        {{}, Tell{MarkState::invalid}},
        {{}, Queue{}},
    };
}

std::vector<Rule> RuleMaker::verdict() const {
    return {
        // So that user space can tell a connection that it has forgotten from one it never saw. An
        // ICMP error must not: its connection may be decided.
        {{Tcp{}, packet(MarkState::pass)}, SaveMark{}},
        {{packet(MarkState::pass)}, Return{}},
        {{}, SaveMark{}},
        {{packet(MarkState::accept)}, Return{}},
        {{packet(MarkState::watch)}, Return{}},
        {{}, Goto{Chain::refuse}},
    };
}

std::vector<Rule> RuleMaker::refuse() const {
    return {
        // While a packet goes from the first rule of the gate to the second, another one of its
        // flow may be decided: the second rule then meets this generation in a connection that the
        // first one did not know as accepted.
        {{connection(MarkState::accept), packet(MarkState::none)}, Return{}},
        {{connection(MarkState::drop)}, Drop{}},
        {{packet(MarkState::drop)}, Drop{}},
        {{Tcp{}}, ResetTcp{}},
        {{}, PortUnreachable{}},
    };
}

}  // namespace

std::vector<ChainRules> rules(const Settings& settings, std::uint8_t generation) {
    const RuleMaker maker(settings.mark, generation);
    return {
        {Chain::marks, RuleMaker::marks()},
        {Chain::gate, maker.gate()},
        {Chain::quic, maker.quic()},
        {Chain::opening, maker.opening()},
        {Chain::invalid, RuleMaker::invalid()},
        {Chain::verdict, maker.verdict()},
        {Chain::refuse, maker.refuse()},
    };
}

// NOLINTEND(modernize-use-designated-initializers)

std::vector<Match> entrance(Hook hook) {
    switch (hook) {
        case Hook::forward:
            return {};
        case Hook::output:
            // Answers to who asked the gateway are no flows of its own: nobody is cut off from it.
            return {NotToLoopback{}, FromOpener{}};
    }
    return {};
}

std::uint8_t generation_of(const MarkLayout& layout, std::uint32_t accepted) {
    const std::uint8_t generation = layout.decode(accepted).generation;
    return generation == 0 ? std::uint8_t{1} : generation;
}

}  // namespace octroi::netfilter
