#include "daemon/kernel/conntrack.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "classifiers/base/owned.hpp"

namespace octroi {
namespace {

using Connection = Owned<nf_conntrack, nfct_destroy>;
using Connections = std::vector<Connection>;
using Filter = Owned<nfct_filter_dump, nfct_filter_dump_destroy>;

// What names a connection, and its mark. Its state is left out: that may change before the mark is
// written back, and the kernel refuses to undo it (EBUSY).
int collect(nf_conntrack_msg_type /*type*/, nf_conntrack* connection, void* found) {
    Connection kept(nfct_new());
    if (!kept)
        return NFCT_CB_FAILURE;
    nfct_copy(kept.get(), connection, NFCT_CP_ORIG);
    if (nfct_attr_is_set(connection, ATTR_ZONE) > 0)
        nfct_set_attr_u16(kept.get(), ATTR_ZONE, nfct_get_attr_u16(connection, ATTR_ZONE));
    nfct_set_attr_u32(kept.get(), ATTR_MARK, nfct_get_attr_u32(connection, ATTR_MARK));
    static_cast<Connections*>(found)->push_back(std::move(kept));
    return NFCT_CB_CONTINUE;
}

std::unexpected<std::string> failed(std::string_view what) {
    return std::unexpected(
        fmt::format("conntrack: can't {}: {}", what, std::generic_category().message(errno)));
}

// A flood of short connections may end within a second.
constexpr int event_buffer = 8 * 1024 * 1024;
constexpr int event_batch = 1024;

Address address_of(const nf_conntrack* connection, nf_conntrack_attr v4, nf_conntrack_attr v6) {
    if (nfct_get_attr_u8(connection, ATTR_ORIG_L3PROTO) == AF_INET) {
        std::array<std::uint8_t, 4> octets{};
        const std::uint32_t value = nfct_get_attr_u32(connection, v4);  // in network order
        std::memcpy(octets.data(), &value, octets.size());
        return v4_address(octets);
    }
    Address address;
    if (const void* octets = nfct_get_attr(connection, v6))
        std::memcpy(address.bytes.data(), octets, Address::size);
    return address;
}

// Port 0 where the protocol has none; of ICMP the echo identifier, as FlowKey has it.
std::uint16_t port_of(const nf_conntrack* connection, nf_conntrack_attr port) {
    const auto protocol = static_cast<Protocol>(nfct_get_attr_u8(connection, ATTR_ORIG_L4PROTO));
    const bool echo = protocol == Protocol::icmp || protocol == Protocol::icmpv6;
    return ntohs(nfct_get_attr_u16(connection, echo ? ATTR_ICMP_ID : port));
}

std::optional<std::chrono::nanoseconds> duration_of(const nf_conntrack* connection) {
    const std::uint64_t start = nfct_get_attr_u64(connection, ATTR_TIMESTAMP_START);
    const std::uint64_t stop = nfct_get_attr_u64(connection, ATTR_TIMESTAMP_STOP);
    if (start == 0 || stop < start)
        return std::nullopt;
    return std::chrono::nanoseconds(stop - start);
}

EndedConnection ended(const nf_conntrack* connection, const MarkLayout& layout) {
    const auto traffic = [&](nf_conntrack_attr packets, nf_conntrack_attr bytes) {
        return EndedConnection::Traffic{.packets = nfct_get_attr_u64(connection, packets),
                                        .bytes = nfct_get_attr_u64(connection, bytes)};
    };
    return {.mark = layout.decode(nfct_get_attr_u32(connection, ATTR_MARK)),
            .protocol = static_cast<Protocol>(nfct_get_attr_u8(connection, ATTR_ORIG_L4PROTO)),
            .opener = {.address = address_of(connection, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC),
                       .port = port_of(connection, ATTR_ORIG_PORT_SRC)},
            .other = {.address = address_of(connection, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST),
                      .port = port_of(connection, ATTR_ORIG_PORT_DST)},
            .sent = traffic(ATTR_ORIG_COUNTER_PACKETS, ATTR_ORIG_COUNTER_BYTES),
            .received = traffic(ATTR_REPL_COUNTER_PACKETS, ATTR_REPL_COUNTER_BYTES),
            .duration = duration_of(connection)};
}

// Nothing where the kernel has no such setting.
std::expected<std::optional<std::uint64_t>, std::string> setting(const char* name) {
    std::ifstream file(fmt::format("/proc/sys/net/netfilter/{}", name));
    std::uint64_t value = 0;
    if (file >> value)
        return value;
    if (!file.is_open() && errno == ENOENT)
        return std::nullopt;
    return failed(fmt::format("read {}", name));
}

int hand_over(nf_conntrack_msg_type /*type*/, nf_conntrack* connection, void* data) {
    auto& receiver = *static_cast<ConntrackEvents::Receiver*>(data);
    const EndedConnection connection_ended = ended(connection, receiver.layout);
    if (is_decision(connection_ended.mark.state))
        (*receiver.take)(connection_ended);
    return --receiver.left > 0 ? NFCT_CB_CONTINUE : NFCT_CB_STOP;
}

}  // namespace

void CloseConntrack::operator()(nfct_handle* handle) const {
    nfct_close(handle);
}

std::expected<std::size_t, std::string> retire_generation(
    const MarkLayout& layout, std::uint8_t generation, std::uint8_t stale_generation,
    const std::function<void(std::size_t done, std::size_t total)>& progress) {
    const ConntrackSocket socket(nfct_open(CONNTRACK, 0));
    const Filter filter(nfct_filter_dump_create());
    if (!socket || !filter)
        return failed("open its netlink socket");
    const std::uint32_t mark = layout.encode({.generation = generation});
    const nfct_filter_dump_mark wanted = {.val = mark, .mask = layout.generation_mask()};
    nfct_filter_dump_set_attr(filter.get(), NFCT_FILTER_DUMP_MARK, &wanted);
    Connections found;
    if (nfct_callback_register(socket.get(), NFCT_T_ALL, collect, &found) < 0 ||
        nfct_query(socket.get(), NFCT_Q_DUMP_FILTER, filter.get()) < 0)
        return failed("list connections");
    const std::uint32_t stale = layout.encode({.generation = stale_generation});
    std::size_t done = 0;
    for (const Connection& connection : found) {
        progress(done++, found.size());
        const std::uint32_t old = nfct_get_attr_u32(connection.get(), ATTR_MARK);
        nfct_set_attr_u32(connection.get(), ATTR_MARK, (old & ~layout.generation_mask()) | stale);
        // A connection that ended meanwhile (ENOENT) needs no new mark.
        if (nfct_query(socket.get(), NFCT_Q_UPDATE, connection.get()) < 0 && errno != ENOENT)
            return failed("change a mark");
    }
    return found.size();
}

std::expected<ConntrackEvents, std::string> ConntrackEvents::open(const MarkLayout& layout) {
    ConntrackSocket socket(nfct_open(CONNTRACK, NF_NETLINK_CONNTRACK_DESTROY));
    if (!socket)
        return failed("listen to its events");
    const int descriptor = nfct_fd(socket.get());
    // With less room, more events are sent again or lost, and that is counted.
    static_cast<void>(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &event_buffer,
                                 sizeof event_buffer) == 0);
    if (fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0)
        return failed("set its socket up");
    auto receiver = std::make_unique<Receiver>(Receiver{.layout = layout});
    if (nfct_callback_register(socket.get(), NFCT_T_DESTROY, hand_over, receiver.get()) < 0)
        return failed("listen to its events");
    return ConntrackEvents(std::move(socket), std::move(receiver));
}

void ConntrackEvents::wait(int wake) const {
    constexpr int second = 1000;
    constexpr int gathering = 20;
    std::array<pollfd, 2> watched = {
        {{.fd = wake, .events = POLLIN, .revents = 0},
         {.fd = nfct_fd(socket_.get()), .events = POLLIN, .revents = 0}}};
    if (poll(watched.data(), watched.size(), second) > 0 && watched[0].revents == 0)
        static_cast<void>(poll(watched.data(), 1, gathering));  // less would gather less
}

bool ConntrackEvents::receive(const std::function<void(const EndedConnection&)>& take) {
    receiver_->take = &take;
    receiver_->left = event_batch;
    const int error = nfct_catch(socket_.get()) < 0 ? errno : 0;
    if (error == ENOMEM)  // the library's: the event was taken from the socket
        ++overruns_.lost;
    if (error == ENOBUFS)
        ++(redelivers_ ? overruns_.redelivered : overruns_.lost);
    return receiver_->left == 0;
}

void ConntrackEvents::redeliver(bool on) {
    const int value = on ? 1 : 0;
    if (setsockopt(nfct_fd(socket_.get()), SOL_NETLINK, NETLINK_BROADCAST_ERROR, &value,
                   sizeof value) == 0)
        redelivers_ = on;
}

std::expected<std::optional<ConntrackStatus>, std::string> conntrack_status() {
    const auto entries = setting("nf_conntrack_count");
    const auto limit = setting("nf_conntrack_max");
    const auto accounting = setting("nf_conntrack_acct");
    const auto timestamps = setting("nf_conntrack_timestamp");
    for (const auto* read : {&entries, &limit, &accounting, &timestamps})
        if (!*read)
            return std::unexpected(read->error());
    if (!*entries || !*limit)
        return std::nullopt;
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): both are there
    return ConntrackStatus{.entries = **entries,
                           // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
                           .limit = **limit,
                           .accounting = *accounting == 1,
                           .timestamps = *timestamps == 1};
}

}  // namespace octroi
