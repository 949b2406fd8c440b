#include "tests/bench/load/sockets.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {
namespace {

constexpr std::uint64_t first_port = 1024;
constexpr std::uint64_t ports = 65536 - first_port;
constexpr int backlog = 4096;

const sockaddr* plain(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

Descriptor opened(int kind) {
    Descriptor made(socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (made.number() < 0)
        fail("socket");
    if (kind == SOCK_STREAM) {
        const linger reset{.l_onoff = 1, .l_linger = 0};
        setsockopt(made.number(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    const int one = 1;
    setsockopt(made.number(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return made;
}

}  // namespace

Descriptor::~Descriptor() {
    if (value_ >= 0)
        close(value_);
}

sockaddr_in Sources::next() {
    const std::uint64_t number = next_++;
    return {.sin_family = AF_INET,
            .sin_port = htons(static_cast<std::uint16_t>(first_port + number % ports)),
            .sin_addr = addresses_[number / ports % addresses_.size()],
            .sin_zero = {}};
}

sockaddr_in endpoint(const std::string& address, std::uint16_t port) {
    sockaddr_in made{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    if (inet_pton(AF_INET, address.c_str(), &made.sin_addr) != 1)
        fail(address);
    return made;
}

Descriptor connected(int kind, const sockaddr_in& source, const sockaddr_in& server) {
    Descriptor made = opened(kind);
    if (bind(made.number(), plain(source), sizeof source) < 0)
        fail("bind");
    if (connect(made.number(), plain(server), sizeof server) < 0 && errno != EINPROGRESS)
        fail("connect");
    return made;
}

Descriptor bound(int kind, const sockaddr_in& address) {
    Descriptor made = opened(kind);
    if (bind(made.number(), plain(address), sizeof address) < 0)
        fail("bind");
    if (kind == SOCK_STREAM && listen(made.number(), backlog) < 0)
        fail("listen");
    return made;
}

void watch(const Descriptor& epoll, int descriptor, std::uint64_t number) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = number}};
    if (epoll_ctl(epoll.number(), EPOLL_CTL_ADD, descriptor, &event) < 0)
        fail("epoll_ctl");
}

void fail(const std::string& what) {
    std::perror(what.c_str());
    std::exit(1);
}

}  // namespace load
