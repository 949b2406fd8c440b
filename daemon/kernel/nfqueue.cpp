#include "daemon/kernel/nfqueue.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

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

// An IP packet of 64 KiB with its netlink headers and attributes.
constexpr std::size_t slot_size = 65536 + 4096;
constexpr std::size_t verdict_size = 64;
constexpr int socket_buffer = 16 * 1024 * 1024;
constexpr std::uint32_t copy_range = 0xffff;
// Tells errors about messages that may fail from errors about verdicts, which carry 0.
constexpr std::uint32_t may_fail = 1;

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
        return bytes();
    }

    std::span<const std::uint8_t> allowed_to_fail() {
        header_->nlmsg_seq = may_fail;
        return bytes();
    }

  private:
    std::span<const std::uint8_t> bytes() { return {buffer_.data(), header_->nlmsg_len}; }

    alignas(nlmsghdr) std::array<std::uint8_t, 256> buffer_{};
    nlmsghdr* header_;
};

// Nothing where nobody has bound it.
std::expected<std::optional<QueueStatus>, std::string> status_of(std::uint16_t queue) {
    const auto queues = queue_status();
    if (!queues)
        return std::unexpected(queues.error());
    const auto found = std::ranges::find(*queues, queue, &QueueStatus::number);
    return found == queues->end() ? std::nullopt : std::optional(*found);
}

std::string explain_bind(int error, std::uint16_t queue) {
    const auto status = status_of(queue).value_or(std::nullopt);
    if (status && (error == EPERM || error == EBUSY))
        return fmt::format(
            "queue {} is taken by another process (netlink port {}, often its process id): stop "
            "it, "
            "or set `queues: {{first: ...}}` to free numbers",
            queue, status->owner);
    if (error == EPERM)
        return "no permission to bind a queue: octroi needs the capability CAP_NET_ADMIN (run it "
               "as root or by its "
               "systemd unit)";
    return fmt::format("the kernel refuses to bind queue {}: {}", queue,
                       std::generic_category().message(error));
}

void put_parameters(nlmsghdr* header, const NfQueue::Settings& settings) {
    nfq_nlmsg_cfg_put_params(header, NFQNL_COPY_PACKET, copy_range);
    nfq_nlmsg_cfg_put_qmaxlen(header, settings.max_length);
    const std::uint32_t flags = NFQA_CFG_F_GSO | (settings.fail_open ? NFQA_CFG_F_FAIL_OPEN : 0U);
    mnl_attr_put_u32(header, NFQA_CFG_FLAGS, htonl(flags));
    mnl_attr_put_u32(header, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
}

int socket_option(int descriptor, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
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

std::expected<NfQueue, std::string> NfQueue::adopt(int descriptor, const Settings& settings) {
    Socket socket(mnl_socket_fdopen(descriptor));
    if (!socket) {
        const int error = errno;
        close(descriptor);
        return std::unexpected(
            fmt::format("it is no socket: {}", std::generic_category().message(error)));
    }
    if (socket_option(descriptor, SO_DOMAIN) != AF_NETLINK ||
        socket_option(descriptor, SO_PROTOCOL) != NETLINK_NETFILTER)
        return std::unexpected("it is no netfilter netlink socket");
    const auto found = status_of(settings.number);
    if (!found)
        return std::unexpected(found.error());
    const auto& status = *found;
    if (!status || status->owner != mnl_socket_get_portid(socket.get()))
        return std::unexpected(fmt::format("it is not bound to queue {}", settings.number));
    NfQueue queue(std::move(socket), settings);
    queue.set_socket_options();
    Message parameters(settings.number);
    put_parameters(parameters.header(), settings);
    // An acknowledgement would come behind the packets that wait.
    queue.send_unacknowledged(parameters.allowed_to_fail());
    queue.requeue_unanswered(static_cast<std::uint32_t>(status->received));
    return queue;
}

int NfQueue::descriptor() const {
    return mnl_socket_get_fd(socket_.get());
}

// What the predecessor had received and not answered waits in the kernel, but no socket will show
// it again. It goes to the queue's end with new ids, its mark as it is. `last_given` was read
// before the socket is looked at, so no packet behind it is taken for one of these.
void NfQueue::requeue_unanswered(std::uint32_t last_given) {
    const auto next = first_waiting();
    Message requeue(settings_.number, NFQNL_MSG_VERDICT_BATCH);
    nfq_nlmsg_verdict_put(requeue.header(), static_cast<int>(next ? *next - 1 : last_given),
                          static_cast<int>(NF_QUEUE_NR(std::uint32_t{settings_.number})));
    send_unacknowledged(requeue.allowed_to_fail());  // there may be none
}

// The id of the first packet in the socket, which stays there. Errors before it are taken out.
std::optional<std::uint32_t> NfQueue::first_waiting() {
    while (true) {
        const ssize_t size =
            recv(descriptor(), receive_buffer_.data(), slot_size, MSG_PEEK | MSG_DONTWAIT);
        if (size <= 0)
            return std::nullopt;
        batch_.clear();
        read_message(std::span(receive_buffer_).first(static_cast<std::size_t>(size)));
        if (!batch_.empty())
            return std::exchange(batch_, {}).front().id;
        if (recv(descriptor(), receive_buffer_.data(), slot_size, MSG_DONTWAIT) < 0)
            return std::nullopt;
    }
}

void NfQueue::send_unacknowledged(std::span<const std::uint8_t> message) {
    if (mnl_socket_sendto(socket_.get(), message.data(), message.size()) < 0)
        ++verdict_errors_;
}

void NfQueue::set_socket_options() const {
    const int one = 1;
    // Losses show as gaps in the ids; an ENOBUFS error would only stop the reader. A failure of
    // either option (no CAP_NET_ADMIN) shows in the bind below.
    static_cast<void>(setsockopt(descriptor(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof one) ==
                      0);
    static_cast<void>(setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &socket_buffer,
                                 sizeof socket_buffer) == 0);
}

std::optional<std::string> NfQueue::configure() {
    set_socket_options();
    Message bind(settings_.number);
    nfq_nlmsg_cfg_put_cmd(bind.header(), AF_INET, NFQNL_CFG_CMD_BIND);
    if (const auto bound = command(bind.acknowledged()); !bound)
        return explain_bind(bound.error(), settings_.number);

    Message parameters(settings_.number);
    put_parameters(parameters.header(), settings_);
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
    // Where it fails, the next receive() finds nothing and the loop comes back here.
    static_cast<void>(poll(watched.data(), watched.size(), heartbeat_milliseconds));
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
            const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
            if (error->msg.nlmsg_seq != may_fail)
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
    // The kernel takes all of it or nothing. What it never takes would wait in the queue for ever.
    constexpr int tries = 100;
    constexpr std::chrono::milliseconds pause{1};
    for (int i = 0; i < tries; ++i) {
        if (mnl_socket_sendto(socket_.get(), send_buffer_.data(), send_size_) >= 0)
            break;
        ++verdict_errors_;
        std::this_thread::sleep_for(pause);
    }
    send_size_ = 0;
}

std::expected<std::vector<QueueStatus>, std::string> queue_status() {
    std::vector<QueueStatus> found;
    constexpr const char* path = "/proc/net/netfilter/nfnetlink_queue";
    std::ifstream file(path);
    if (!file.is_open() && errno != ENOENT)
        return std::unexpected(
            fmt::format("can't read {}: {}", path, std::generic_category().message(errno)));
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
