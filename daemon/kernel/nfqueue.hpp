#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "classifiers/net/packet.hpp"
#include "daemon/kernel/mark.hpp"
#include "daemon/kernel/verdict.hpp"

struct mnl_socket;

namespace octroi {

/// One packet waiting in a queue of the kernel.
struct QueuedPacket {
    std::uint32_t id = 0;
    std::uint32_t mark = 0;
    std::uint32_t input_interface = 0;   ///< ifindex
    std::uint32_t output_interface = 0;  ///< ifindex
    Bytes ip_packet;                     ///< borrowed until the next receive()
};

/// One NFQUEUE of the kernel: batches of packets come in, batches of verdicts go out, in order of
/// the packets' ids. Used by one thread.
class NfQueue {
  public:
    static constexpr std::size_t batch_size = 64;

    struct Settings {
        std::uint16_t number = 0;
        std::uint32_t max_length = 8192;  ///< packets that the kernel keeps waiting
        bool fail_open = false;           ///< a full queue passes packets instead of dropping them
        MarkLayout mark;
    };

    /// Binds the queue. The error names the cause and the cure: no capability, queue taken, no
    /// kernel support.
    [[nodiscard]] static std::expected<NfQueue, std::string> open(const Settings& settings);

    /// Takes the queue over from an earlier process whose socket was kept: nothing that waits in it
    /// is lost. Owns `descriptor` at once. The error says why the socket is of no use.
    [[nodiscard]] static std::expected<NfQueue, std::string> adopt(int descriptor,
                                                                   const Settings& settings);

    /// The socket, for who keeps it over a restart. Borrowed.
    [[nodiscard]] int descriptor() const;

    /// Waits until packets or `wake` (a file descriptor) are readable.
    void wait(int wake) const;

    /// The packets that are there now, up to a batch; empty where there are none.
    [[nodiscard]] std::span<const QueuedPacket> receive();

    /// Adds the verdict for a packet to the batch. Bits of the mark that are not octroi's stay.
    /// Where `rewritten` is not empty, it goes on in the packet's place.
    void add_verdict(const QueuedPacket& packet, const Verdict& verdict, Bytes rewritten);

    /// Sends the batch of verdicts in one call.
    void send_verdicts();

    [[nodiscard]] std::uint16_t number() const { return settings_.number; }

    /// Verdicts that the kernel refused.
    [[nodiscard]] std::uint64_t verdict_errors() const { return verdict_errors_; }

  private:
    struct SocketCloser {
        void operator()(mnl_socket* socket) const;
    };

    using Socket = std::unique_ptr<mnl_socket, SocketCloser>;

    NfQueue(Socket socket, const Settings& settings);

    void set_socket_options() const;
    [[nodiscard]] std::optional<std::string> configure();
    [[nodiscard]] std::optional<std::uint32_t> first_waiting();
    void requeue_unanswered(std::uint32_t last_given);
    void send_unacknowledged(std::span<const std::uint8_t> message);
    [[nodiscard]] std::expected<void, int> command(std::span<const std::uint8_t> message);
    void read_message(std::span<const std::uint8_t> datagram);

    Socket socket_;
    Settings settings_;
    std::vector<std::uint8_t> receive_buffer_;
    std::vector<std::uint8_t> send_buffer_;
    std::size_t send_size_ = 0;
    std::vector<QueuedPacket> batch_;
    std::uint64_t verdict_errors_ = 0;
};

/// The kernel's own counters of one queue (/proc/net/netfilter/nfnetlink_queue).
struct QueueStatus {
    std::uint16_t number = 0;
    std::uint32_t owner = 0;           ///< netlink port, a process id as a rule
    std::uint64_t waiting = 0;         ///< packets in the queue
    std::uint64_t kernel_dropped = 0;  ///< the queue was full
    std::uint64_t user_dropped = 0;    ///< the socket's buffer was full
    std::uint64_t received = 0;        ///< packets given an id so far
};

/// Of all queues; none where the kernel has none. The error says why they could not be looked at.
[[nodiscard]] std::expected<std::vector<QueueStatus>, std::string> queue_status();

}  // namespace octroi
