#include "daemon/gateway/service_manager.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace octroi {
namespace {

constexpr int first_kept = 3;    // sd_listen_fds(3), SD_LISTEN_FDS_START
constexpr int most_kept = 1024;  // more are no descriptors of ours

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    std::string text = value == nullptr ? "" : value;
    // It fails for a name with `=` alone. NOLINTNEXTLINE(concurrency-mt-unsafe)
    static_cast<void>(unsetenv(name) == 0);
    return text;
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string next_name(std::string_view& names) {
    const std::size_t end = std::min(names.find(':'), names.size());
    std::string name(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
    return name;
}

int open_notification_socket() {
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // A manager that hangs must not hang its service.
    constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};
    if (descriptor < 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    const auto is_mine = [](const std::string& pid) { return number(pid) == getpid(); };
    manager.address_ = take_variable("NOTIFY_SOCKET");
    const bool addressable = manager.address_.starts_with('/') || manager.address_.starts_with('@');
    if (addressable && manager.address_.size() < sizeof(sockaddr_un::sun_path))
        manager.socket_ = open_notification_socket();

    const bool kept_for_me = is_mine(take_variable("LISTEN_PID"));
    const auto count = number(take_variable("LISTEN_FDS"));
    const std::string names = take_variable("LISTEN_FDNAMES");
    std::string_view rest = names;
    if (kept_for_me && count && *count <= most_kept)
        for (int descriptor = first_kept; descriptor < first_kept + *count; ++descriptor) {
            const std::string name = next_name(rest);
            if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0)  // else it is none
                manager.kept_.push_back({.name = name, .descriptor = descriptor});
        }

    const std::string watched = take_variable("WATCHDOG_PID");
    const auto period = number(take_variable("WATCHDOG_USEC"));
    if (period && *period > 0 && (watched.empty() || is_mine(watched)))
        manager.watchdog_ = std::chrono::microseconds(*period);
    return manager;
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      address_(std::move(other.address_)),
      kept_(std::exchange(other.kept_, {})),
      watchdog_(other.watchdog_) {}

ServiceManager::~ServiceManager() {
    for (const Kept& kept : kept_)
        close(kept.descriptor);
    if (socket_ >= 0)
        close(socket_);
}

void ServiceManager::notify(std::string_view state) const {
    send(state, -1);
}

// FDPOLL=0: systemd would let go of a descriptor at its first error (sd_notify(3)), and a netlink
// socket that overflows is worth keeping.
void ServiceManager::keep(std::string_view name, int descriptor) const {
    send(fmt::format("FDSTORE=1\nFDNAME={}\nFDPOLL=0", name), descriptor);
}

std::optional<int> ServiceManager::take(std::string_view name) {
    const auto found = std::ranges::find(kept_, name, &Kept::name);
    if (found == kept_.end())
        return std::nullopt;
    const int descriptor = found->descriptor;
    kept_.erase(found);
    return descriptor;
}

void ServiceManager::forget(std::string_view name) const {
    send(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name), -1);
}

std::vector<std::string> ServiceManager::forget_the_rest() {
    std::vector<std::string> names;
    for (const Kept& kept : kept_) {
        close(kept.descriptor);
        forget(kept.name);
        names.push_back(kept.name);
    }
    kept_.clear();
    return names;
}

void ServiceManager::send(std::string_view state, int descriptor) const {
    if (socket_ < 0)
        return;
    sockaddr_un address{.sun_family = AF_UNIX};
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address_.starts_with('@'))  // an abstract address, unix(7)
        address.sun_path[0] = '\0';
    iovec text{.iov_base = const_cast<char*>(state.data()), .iov_len = state.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{
        .msg_name = &address,
        .msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size()),
        .msg_iov = &text,
        .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    static_cast<void>(sendmsg(socket_, &message, MSG_NOSIGNAL) == 0);
}

}  // namespace octroi
