#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "classifiers/net/flow_key.hpp"
#include "daemon/kernel/mark.hpp"
#include "metrics/events/event.hpp"

struct nfct_handle;

namespace octroi {

struct CloseConntrack {
    void operator()(nfct_handle* handle) const;
};

using ConntrackSocket = std::unique_ptr<nfct_handle, CloseConntrack>;

/// Moves the connections that still carry `generation` from a full turn of the ring ago to
/// `stale_generation`, so that the kernel does not take their old decisions for new ones when
/// `generation` comes into force again. Returns how many there were. O(connections), in the kernel.
/// `progress` is told how many of them are done.
[[nodiscard]] std::expected<std::size_t, std::string> retire_generation(
    const MarkLayout& layout, std::uint8_t generation, std::uint8_t stale_generation,
    const std::function<void(std::size_t done, std::size_t total)>& progress);

/// A connection that has ended, as the kernel's last event on it tells.
struct EndedConnection {
    using Traffic = FlowEnd::Traffic;

    Mark mark;
    Protocol protocol{};
    Endpoint opener;   ///< the source of its first packet
    Endpoint other;    ///< where that went
    Traffic sent;      ///< by the opener
    Traffic received;  ///< by the opener
    std::optional<std::chrono::nanoseconds>
        duration;  ///< nothing where the kernel does not stamp connections
};

/// The ends of connections that octroi decided (conntrack's DESTROY events), for one thread.
class ConntrackEvents {
  public:
    [[nodiscard]] static std::expected<ConntrackEvents, std::string> open(const MarkLayout& layout);

    /// Waits until there are events or `wake` (a file descriptor) is readable, a second at most.
    /// Events are let gather for 20 ms: each of its own would wake this thread from a packet's way
    /// through the kernel.
    void wait(int wake) const;

    /// Hands over what is there, up to a batch; whether that was full.
    bool receive(const std::function<void(const EndedConnection&)>& take);

    /// Whether the kernel keeps an event that finds the socket full and sends it again. Until then
    /// its connection keeps its place in the kernel's table.
    void redeliver(bool on);

    /// How often the socket was full, or there was no memory for an event. What did not fit was
    /// sent again, or is lost.
    struct Overruns {
        std::uint64_t redelivered = 0;
        std::uint64_t lost = 0;
    };

    /// What the library's callback is given.
    struct Receiver {
        MarkLayout layout;
        const std::function<void(const EndedConnection&)>* take = nullptr;
        int left = 0;  ///< of a batch
    };

    [[nodiscard]] const Overruns& overruns() const { return overruns_; }

  private:
    ConntrackEvents(ConntrackSocket socket, std::unique_ptr<Receiver> receiver)
        : socket_(std::move(socket)), receiver_(std::move(receiver)) {}

    ConntrackSocket socket_;
    std::unique_ptr<Receiver> receiver_;
    bool redelivers_ = false;
    Overruns overruns_;
};

/// What the kernel says of its connection tracking.
struct ConntrackStatus {
    std::uint64_t entries = 0;
    std::uint64_t limit = 0;
    bool accounting = false;  ///< net.netfilter.nf_conntrack_acct
    bool timestamps = false;  ///< net.netfilter.nf_conntrack_timestamp
};

/// Nothing where that is not loaded. The error says why it could not be looked at.
[[nodiscard]] std::expected<std::optional<ConntrackStatus>, std::string> conntrack_status();

}  // namespace octroi
