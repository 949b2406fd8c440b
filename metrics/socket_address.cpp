#include "metrics/socket_address.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace octroi {

std::expected<SocketAddress, std::string> socket_address(const std::string& address,
                                                         std::uint16_t port) {
    SocketAddress result;
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.length = sizeof v4;
    } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.length = sizeof v6;
    } else {
        return std::unexpected(fmt::format("`{}` is not an IPv4 or IPv6 address", address));
    }
    return result;
}

}  // namespace octroi
