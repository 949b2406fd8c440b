#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>

#include <absl/container/flat_hash_set.h>

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "daemon/kernel/verdict.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// A flow while user space has to do with it: until it is decided, and shortly after, so that
/// packets already queued get the same verdict.
struct Flow {
    FlowKey key;
    Direction first{};  ///< of its first packet
    std::uint32_t packets = 0;
    std::uint32_t inside = 0;  ///< interface by which its first packet came, if it left by another
    std::uint32_t first_sequence = 0;  ///< TCP: of its first packet, a SYN as a rule
    bool opened = false;               ///< its first packet was a client's SYN
    bool graced = false;               ///< what was under way when the daemon began passes still
    bool learned = false;              ///< this flow's service has been told to the client's memory
    bool turned_back = false;          ///< its first packet left by the interface it came by
    bool replied = false;              ///< the other side has sent something
    ServiceId relay_of = no_service;   ///< it may ask a relay of this service for peers
    Time first_seen;
    Time last_seen;
    std::unique_ptr<Inspector> inspector;  ///< until the flow is settled
    std::uint32_t decided_at = 0;          ///< number of the packet that decided it; 0: none yet
    std::optional<Verdict> verdict;        ///< set when the flow is decided
    PacketContext newest;                  ///< of its newest packet
    Direction newest_direction{};
    Hints hints;  ///< what other flows told, as of the end of the inspection
    /// Of an accepted connection on the same ports that may be alive: nobody but its server can say
    /// that a SYN of these ports is answered. `none` as a rule.
    Mark earlier;

    /// Whether it is open whether an earlier connection on the ports is alive.
    [[nodiscard]] bool may_be_earlier() const { return earlier.state != MarkState::none; }

    /// Keeps of the inspection only what a later packet on the flow's ports is judged by.
    void settle();

    [[nodiscard]] bool settled() const { return inspector == nullptr; }

    [[nodiscard]] bool speaks_dns() const;

    /// Of its newest QUIC connection; empty where there was none.
    [[nodiscard]] quic::Identity connection() const;

    // The table's own links, least recently seen first.
    static constexpr std::uint32_t nil = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t older = nil;
    std::uint32_t newer = nil;

  private:
    quic::Identity settled_connection_;
    bool settled_as_dns_ = false;
};

/// Whether a packet leaves by the interface it came by.
[[nodiscard]] bool turns_back(const Packet& packet);

/// The flows of one worker: at most `limit`, in order of their last packet. Flows that show no
/// packet for `idle_timeout` are forgotten. A full table makes room only by forgetting a flow that
/// has been silent for `yield_after`, so that a flood can't push out the flows that are at work.
class FlowTable {
  public:
    struct Settings {
        std::size_t limit = 65536;
        std::chrono::seconds idle_timeout{120};
        std::chrono::seconds yield_after{2};
    };

    struct Forgotten {
        std::uint64_t idle = 0;       ///< by idle_timeout
        std::uint64_t yielded = 0;    ///< to make room
        std::uint64_t undecided = 0;  ///< of all these, the flows that had no verdict
    };

    explicit FlowTable(const Settings& settings);

    FlowTable(const FlowTable&) = delete;
    FlowTable& operator=(const FlowTable&) = delete;
    FlowTable(FlowTable&&) = delete;
    FlowTable& operator=(FlowTable&&) = delete;
    ~FlowTable() = default;

    /// Takes the memory of `limit` flows, as far as each needs it all its life, now and not when
    /// they come.
    void claim();

    /// The flow of `packet`, which is not counted; null where there is none.
    [[nodiscard]] const Flow* find(const Packet& packet) const;

    /// The flow of `packet`, new or known, with this packet counted; null where the table is full.
    [[nodiscard]] Flow* track(const Packet& packet);

    /// The decided flow that `packet` starts over; null as a rule. It opens another connection on
    /// the flow's ports (any SYN does, but for a repeated one that had decided alone), or it is a
    /// datagram of DNS, each of which tells all, and the flow's verdict is not of this
    /// `generation`.
    [[nodiscard]] Flow* superseded(const Packet& packet, std::uint8_t generation,
                                   Workspace& workspace);

    [[nodiscard]] bool knows(const FlowKey& key) const { return index_.contains(key); }

    [[nodiscard]] std::size_t size() const { return index_.size(); }

    /// How many flows there is memory for already.
    [[nodiscard]] std::size_t places() const { return flows_.size(); }

    [[nodiscard]] const Forgotten& forgotten() const { return forgotten_; }

    /// Forgets the flow that has been silent longest, if it has been so for `yield_after`.
    bool yield_oldest(Time now);

    /// Forgets the flow; the reference is dead afterwards.
    void forget(const Flow& flow);

    /// Calls `visit` for every flow.
    template <typename Visit>
    void for_each(Visit visit) {
        for (const std::uint32_t slot : index_)
            visit(flows_[slot]);
    }

  private:
    // A slot is looked up by the key of its flow, so that the index need not hold keys.
    struct KeyHash {
        using is_transparent = void;
        const std::deque<Flow>* flows;

        std::size_t operator()(const FlowKey& key) const { return absl::HashOf(key); }

        std::size_t operator()(std::uint32_t slot) const {
            return absl::HashOf((*flows)[slot].key);
        }
    };

    struct KeyEqual {
        using is_transparent = void;
        const std::deque<Flow>* flows;

        bool operator()(std::uint32_t slot, const FlowKey& key) const {
            return (*flows)[slot].key == key;
        }

        bool operator()(std::uint32_t slot, std::uint32_t other) const { return slot == other; }
    };

    [[nodiscard]] Flow* known(const Packet& packet);
    [[nodiscard]] bool make_room(Time now);
    void forget_idle(Time now);
    void forget_oldest();
    void link_newest(std::uint32_t slot);
    void unlink(std::uint32_t slot);
    [[nodiscard]] std::uint32_t take_slot();

    Settings settings_;
    std::deque<Flow> flows_;
    absl::flat_hash_set<std::uint32_t, KeyHash, KeyEqual> index_;
    std::uint32_t free_ = Flow::nil;  ///< chained through Flow::newer
    std::uint32_t oldest_ = Flow::nil;
    std::uint32_t newest_ = Flow::nil;
    Forgotten forgotten_;
};

}  // namespace octroi
