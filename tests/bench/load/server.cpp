#include "tests/bench/load/server.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <unordered_map>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/bench/load/sockets.hpp"

namespace load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto silence_before_reset = std::chrono::seconds(1);
constexpr int stream_sweep_milliseconds = 200;
constexpr int receive_buffer = 16 * 1024 * 1024;
constexpr std::uint64_t stream_listener = 0;
constexpr std::uint64_t datagrams = 1;

// The start of a ServerHello's record (RFC 8446 5.1), then zeros.
constexpr std::array<std::uint8_t, 100> answer = {0x16, 3, 3, 0, 95, 2, 0, 0, 91, 3, 3};

class Server {
  public:
    explicit Server(const sockaddr_in& address)
        : epoll_(epoll_create1(EPOLL_CLOEXEC)),
          listener_(bound(SOCK_STREAM, address)),
          datagrams_(bound(SOCK_DGRAM, address)) {
        setsockopt(datagrams_.number(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
                   sizeof receive_buffer);
        watch(epoll_, listener_.number(), stream_listener);
        watch(epoll_, datagrams_.number(), datagrams);
    }

    void turn() {
        std::array<epoll_event, 256> events{};
        const int count = epoll_wait(epoll_.number(), events.data(),
                                     static_cast<int>(events.size()), stream_sweep_milliseconds);
        for (int i = 0; i < count; ++i) {
            const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;
            if (number == stream_listener)
                take_streams();
            else if (number == datagrams)
                answer_datagrams();
            else
                answer_stream(number);
        }
        reset_silent();
    }

  private:
    void take_streams() {
        while (true) {
            Descriptor stream(
                accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (stream.number() < 0)
                return;
            const std::uint64_t number = next_++;
            watch(epoll_, stream.number(), number);
            streams_.emplace(number, std::move(stream));
            opened_.emplace_back(Clock::now(), number);
        }
    }

    // A stream is over when its client has reset it.
    void answer_stream(std::uint64_t number) {
        const auto found = streams_.find(number);
        if (found == streams_.end())
            return;
        const int stream = found->second.number();
        std::array<std::uint8_t, 4096> request{};
        const ssize_t size = recv(stream, request.data(), request.size(), 0);
        if (size > 0)
            send(stream, answer.data(), answer.size(), MSG_NOSIGNAL);
        else if (size == 0 || errno != EAGAIN)
            streams_.erase(found);
    }

    void answer_datagrams() {
        while (true) {
            std::array<std::uint8_t, 2048> request{};
            sockaddr_storage client{};
            socklen_t length = sizeof client;
            auto* const sender = reinterpret_cast<sockaddr*>(&client);
            if (recvfrom(datagrams_.number(), request.data(), request.size(), 0, sender, &length) <
                0)
                return;
            sendto(datagrams_.number(), answer.data(), answer.size(), 0, sender, length);
        }
    }

    void reset_silent() {
        const auto now = Clock::now();
        while (!opened_.empty() && now - opened_.front().first > silence_before_reset) {
            streams_.erase(opened_.front().second);
            opened_.pop_front();
        }
    }

    Descriptor epoll_;
    Descriptor listener_;
    Descriptor datagrams_;
    std::unordered_map<std::uint64_t, Descriptor> streams_;
    std::deque<std::pair<Clock::time_point, std::uint64_t>> opened_;
    std::uint64_t next_ = datagrams + 1;
};

}  // namespace

void serve(const sockaddr_in& address) {
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) < 0)
        fail("setrlimit");
    Server server(address);
    while (true)
        server.turn();
}

}  // namespace load
