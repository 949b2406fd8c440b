#include "metrics/events/event_sink.hpp"

#include <cerrno>

#include <poll.h>

namespace octroi {
namespace {

Loss loss_by(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return Loss::disk_full;
        case EAGAIN:
        case EINTR:
            return Loss::stalled;
        case EBADF:
        case EPIPE:
        case ECONNRESET:
        case ECONNREFUSED:
        case ENOTCONN:
            return Loss::disconnected;
        default:
            return Loss::write_failed;
    }
}

}  // namespace

std::optional<Loss> EventSink::write(std::string_view line) {
    if (const auto loss = finish())
        return loss;
    prepare(line.size());
    rest_ = line;
    const auto loss = finish();
    if (!loss || is_cut())
        return std::nullopt;
    rest_.clear();
    return loss;
}

std::optional<Loss> EventSink::finish() {
    while (done_ < rest_.size()) {
        const ssize_t written = put(std::string_view(rest_).substr(done_));
        if (written < 0)
            return loss_by(errno);
        done_ += static_cast<std::size_t>(written);
    }
    forget_rest();
    return std::nullopt;
}

void EventSink::forget_rest() {
    rest_.clear();
    done_ = 0;
}

bool is_writable(int descriptor, int milliseconds) {
    pollfd watched{.fd = descriptor, .events = POLLOUT, .revents = 0};
    return poll(&watched, 1, milliseconds) > 0;
}

}  // namespace octroi
