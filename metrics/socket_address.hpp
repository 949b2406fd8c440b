#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include <sys/socket.h>

namespace octroi {

/// An address and a port as the socket calls take them.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// From a numeric IPv4 or IPv6 address. The error says what is wrong with it.
[[nodiscard]] std::expected<SocketAddress, std::string> socket_address(const std::string& address,
                                                                       std::uint16_t port);

}  // namespace octroi
