#include "metrics/events/stream_sink.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace octroi {
namespace {

// A reader that is merely busy gets a moment; one that has stalled gets none until it reads again,
// so that what waits is given up at once when octroi ends.
int patience(bool stalled) {
    constexpr int milliseconds = 100;
    return stalled ? 0 : milliseconds;
}

int connected(const sockaddr_un& address, int kind) {
    const int descriptor = socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return descriptor;
    const int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

}  // namespace

// So much fits a pipe that poll(2) says to be writable: the call can't block.
ssize_t StdoutSink::put(std::string_view text) {
    stalled_ = !is_writable(STDOUT_FILENO, patience(stalled_));
    if (stalled_) {
        errno = EAGAIN;
        return -1;
    }
    return ::write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

SocketSink::~SocketSink() {
    disconnect();
}

void SocketSink::look_after(Time /*now*/) {
    if (connection_.descriptor < 0)
        connection_ = connect_();
    else
        static_cast<void>(finish());
}

ssize_t SocketSink::put(std::string_view text) {
    ssize_t sent = send(text);
    if (sent < 0 && errno == EAGAIN) {
        stalled_ = !is_writable(connection_.descriptor, patience(stalled_));
        sent = send(text);
    } else if (sent >= 0) {
        stalled_ = false;
    }
    const int error = errno;
    if (sent < 0 && error != EAGAIN && error != EINTR && error != EMSGSIZE)
        disconnect();
    errno = error;
    return sent;
}

// A datagram is a line of its own, without its end.
ssize_t SocketSink::send(std::string_view text) const {
    const std::size_t end = connection_.datagrams ? 1 : 0;
    const ssize_t sent =
        ::send(connection_.descriptor, text.data(), text.size() - end, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? sent : sent + static_cast<ssize_t>(end);
}

void SocketSink::disconnect() {
    if (connection_.descriptor >= 0)
        close(connection_.descriptor);
    connection_ = {};
    forget_rest();
}

SocketSink::Connection connect_to(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX};
    if (path.size() >= sizeof address.sun_path)
        return {};
    std::memcpy(address.sun_path, path.data(), path.size());
    const int stream = connected(address, SOCK_STREAM);
    if (stream >= 0 || errno != EPROTOTYPE)
        return {.descriptor = stream};
    return {.descriptor = connected(address, SOCK_DGRAM), .datagrams = true};
}

}  // namespace octroi
