#pragma once

#include <cstdint>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace octroi {

class Socket {
  public:
    explicit Socket(int family = AF_INET)
        : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    Socket(Socket&&) = delete;
    Socket& operator=(Socket&&) = delete;

    ~Socket() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

inline const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// Binds `socket` to a port that nobody uses.
inline std::uint16_t bind_anywhere(const Socket& socket) {
    sockaddr_in address = loopback(0);
    REQUIRE(::bind(socket.descriptor(), generic(address), sizeof address) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return ntohs(address.sin_port);
}

inline std::uint16_t free_port() {
    return bind_anywhere(Socket());
}

}  // namespace octroi
