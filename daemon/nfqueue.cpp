#include "daemon/nfqueue.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace octroi {
namespace {

constexpr std::size_t batch_size = 64;
// An IP packet of 64 KiB with its netlink headers and attributes.
constexpr std::size_t slot_size = 65536 + 4096;
constexpr std::size_t verdict_size = 64;
constexpr int socket_buffer = 16 * 1024 * 1024;
constexpr std::uint32_t copy_range = 0xffff;

// A netlink message is built in a char buffer and read in a byte buffer.
char* as_chars(std::uint8_t* bytes) {
    return reinterpret_cast<char*>(bytes);
}

class Message {
  public:
    explicit Message(std::uint16_t queue, int type = NFQNL_MSG_CONFIG)
        : header_(nfq_nlmsg_put(as_chars(buffer_.data()), type, queue)) {}

    nlmsghdr* header() { return header_; }

    std::span<const std::uint8_t> acknowledged() {
        header_->nlmsg_flags |= NLM_F_ACK;
        return {buffer_.data(), header_->nlmsg_len};
    }

  private:
    alignas(nlmsghdr) std::array<std::uint8_t, 256> buffer_{};
    nlmsghdr* header_;
};

std::string explain_bind(int error, std::uint16_t queue) {
    for (const QueueStatus& status : queue_status())
        if (status.number == queue && (error == EPERM || error == EBUSY))
            return fmt::format(
                "queue {} is taken by another process (netlink port {}, often its process id): "
                "stop it, or set "
                "`queues: {{first: ...}}` to free numbers",
                queue, status.owner);
    if (error == EPERM)
        return "no permission to bind a queue: octroi needs the capability CAP_NET_ADMIN (run it "
               "as root or by its "
               "systemd unit)";
    return fmt::format("the kernel refuses to bind queue {}: {}", queue,
                       std::generic_category().message(error));
}

}  // namespace

NfQueue::NfQueue(Socket socket, const Settings& settings)
    : socket_(std::move(socket)),
      settings_(settings),
      receive_buffer_(batch_size * slot_size),
      send_buffer_(batch_size * verdict_size + slot_size) {
    batch_.reserve(batch_size);
}

std::expected<NfQueue, std::string> NfQueue::open(const Settings& settings) {
    Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (!socket)
        return std::unexpected(fmt::format("the kernel has no netfilter netlink socket: {}",
                                           std::generic_category().message(errno)));
    if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        return std::unexpected(
            fmt::format("can't bind a netlink socket: {}", std::generic_category().message(errno)));
    NfQueue queue(std::move(socket), settings);
    if (auto problem = queue.configure())
        return std::unexpected(std::move(*problem));
    return queue;
}

std::optional<std::string> NfQueue::configure() {
    const int descriptor = mnl_socket_get_fd(socket_.get());
    const int one = 1;
    // Losses show as gaps in the ids; an ENOBUFS error would only stop the reader. A failure of
    // either option (no CAP_NET_ADMIN) shows in the bind below.
    setsockopt(descriptor, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof one);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &socket_buffer, sizeof socket_buffer);

    Message bind(settings_.number);
    nfq_nlmsg_cfg_put_cmd(bind.header(), AF_INET, NFQNL_CFG_CMD_BIND);
    if (const auto bound = command(bind.acknowledged()); !bound)
        return explain_bind(bound.error(), settings_.number);

    Message parameters(settings_.number);
    nfq_nlmsg_cfg_put_params(parameters.header(), NFQNL_COPY_PACKET, copy_range);
    nfq_nlmsg_cfg_put_qmaxlen(parameters.header(), settings_.max_length);
    const std::uint32_t flags = NFQA_CFG_F_GSO | (settings_.fail_open ? NFQA_CFG_F_FAIL_OPEN : 0U);
    mnl_attr_put_u32(parameters.header(), NFQA_CFG_FLAGS, htonl(flags));
    mnl_attr_put_u32(parameters.header(), NFQA_CFG_MASK,
                     htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
    if (const auto configured = command(parameters.acknowledged()); !configured)
        return fmt::format("the kernel refuses the settings of queue {}: {}", settings_.number,
                           std::generic_category().message(configured.error()));
    return std::nullopt;
}

// Sends a message and waits for its acknowledgement. Packets that arrive meanwhile on a queue that
// was just bound can't come before it: packet copying starts with the second command.
std::expected<void, int> NfQueue::command(std::span<const std::uint8_t> message) {
    if (mnl_socket_sendto(socket_.get(), message.data(), message.size()) < 0)
        return std::unexpected(errno);
    std::array<std::uint8_t, 8192> reply{};
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), reply.data(), reply.size());
    if (size < 0)
        return std::unexpected(errno);
    const auto* header = reinterpret_cast<const nlmsghdr*>(reply.data());
    if (!mnl_nlmsg_ok(header, static_cast<int>(size)) || header->nlmsg_type != NLMSG_ERROR)
        return {};
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
    return error->error == 0 ? std::expected<void, int>{} : std::unexpected(-error->error);
}

void NfQueue::wait(int wake) const {
    std::array<pollfd, 2> watched = {
        {{.fd = mnl_socket_get_fd(socket_.get()), .events = POLLIN, .revents = 0},
         {.fd = wake, .events = POLLIN, .revents = 0}}};
    constexpr int heartbeat_milliseconds = 1000;
    poll(watched.data(), watched.size(), heartbeat_milliseconds);
}

std::span<const QueuedPacket> NfQueue::receive() {
    batch_.clear();
    std::array<iovec, batch_size> vectors{};
    std::array<mmsghdr, batch_size> messages{};
    for (std::size_t i = 0; i < batch_size; ++i) {
        vectors[i] = {.iov_base = receive_buffer_.data() + i * slot_size, .iov_len = slot_size};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(mnl_socket_get_fd(socket_.get()), messages.data(), batch_size,
                               MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i)
        read_message(std::span(receive_buffer_)
                         .subspan(static_cast<std::size_t>(i) * slot_size,
                                  messages[static_cast<std::size_t>(i)].msg_len));
    return batch_;
}

void NfQueue::read_message(std::span<const std::uint8_t> datagram) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (int left = static_cast<int>(datagram.size()); mnl_nlmsg_ok(header, left);
         header = mnl_nlmsg_next(header, &left)) {
        if (header->nlmsg_type == NLMSG_ERROR) {
            ++verdict_errors_;
            continue;
        }
        std::array<nlattr*, NFQA_MAX + 1> attributes{};
        if (nfq_nlmsg_parse(header, attributes.data()) < 0 ||
            attributes[NFQA_PACKET_HDR] == nullptr)
            continue;
        QueuedPacket packet;
        const auto* queued = static_cast<const nfqnl_msg_packet_hdr*>(
            mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]));
        packet.id = ntohl(queued->packet_id);
        if (attributes[NFQA_MARK] != nullptr)
            packet.mark = ntohl(mnl_attr_get_u32(attributes[NFQA_MARK]));
        if (attributes[NFQA_IFINDEX_INDEV] != nullptr)
            packet.input_interface = ntohl(mnl_attr_get_u32(attributes[NFQA_IFINDEX_INDEV]));
        if (attributes[NFQA_IFINDEX_OUTDEV] != nullptr)
            packet.output_interface = ntohl(mnl_attr_get_u32(attributes[NFQA_IFINDEX_OUTDEV]));
        if (attributes[NFQA_PAYLOAD] != nullptr)
            packet.ip_packet = Bytes(
                static_cast<const std::uint8_t*>(mnl_attr_get_payload(attributes[NFQA_PAYLOAD])),
                mnl_attr_get_payload_len(attributes[NFQA_PAYLOAD]));
        batch_.push_back(packet);
    }
}

void NfQueue::add_verdict(const QueuedPacket& packet, const Verdict& verdict, Bytes rewritten) {
    if (send_size_ + verdict_size + slot_size > send_buffer_.size())
        send_verdicts();
    nlmsghdr* header = nfq_nlmsg_put(as_chars(send_buffer_.data() + send_size_), NFQNL_MSG_VERDICT,
                                     settings_.number);
    const bool repeat = verdict.kind == Verdict::Kind::mark;
    nfq_nlmsg_verdict_put(header, static_cast<int>(packet.id), repeat ? NF_REPEAT : NF_DROP);
    if (repeat)
        nfq_nlmsg_verdict_put_mark(
            header, (packet.mark & ~settings_.mark.mask()) | settings_.mark.encode(verdict.mark));
    if (!rewritten.empty())
        nfq_nlmsg_verdict_put_pkt(header, rewritten.data(),
                                  static_cast<std::uint32_t>(rewritten.size()));
    send_size_ += NLMSG_ALIGN(header->nlmsg_len);
    // The batch's buffer has room for one whole packet behind its last verdict.
    if (!rewritten.empty())
        send_verdicts();
}

void NfQueue::SocketCloser::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

void NfQueue::send_verdicts() {
    if (send_size_ == 0)
        return;
    if (mnl_socket_sendto(socket_.get(), send_buffer_.data(), send_size_) < 0)
        ++verdict_errors_;
    send_size_ = 0;
}

std::vector<QueueStatus> queue_status() {
    std::vector<QueueStatus> found;
    std::ifstream file("/proc/net/netfilter/nfnetlink_queue");
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        QueueStatus status;
        unsigned copy_mode = 0;
        unsigned range = 0;
        if (fields >> status.number >> status.owner >> status.waiting >> copy_mode >> range >>
            status.kernel_dropped >> status.user_dropped >> status.received)
            found.push_back(status);
    }
    return found;
}

}  // namespace octroi
