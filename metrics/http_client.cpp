#include "metrics/http_client.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

#include "metrics/socket_address.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_answer = 8UL * 1024 * 1024;
constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};

class Socket {
  public:
    explicit Socket(int family) : descriptor_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
            setsockopt(descriptor_, SOL_SOCKET, option, &patience, sizeof patience);
    }

    ~Socket() { close(descriptor_); }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    Socket(Socket&&) = delete;
    Socket& operator=(Socket&&) = delete;

    [[nodiscard]] bool ask(const SocketAddress& where, const std::string& request) const {
        return connect(descriptor_, where.get(), where.length) == 0 &&
               send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(request.size());
    }

    // Everything until the other side closes.
    [[nodiscard]] bool read_into(std::string& answer) const {
        std::array<char, 16384> chunk{};
        while (answer.size() < max_answer) {
            const ssize_t count = recv(descriptor_, chunk.data(), chunk.size(), 0);
            if (count <= 0)
                return count == 0;
            answer.append(chunk.data(), static_cast<std::size_t>(count));
        }
        errno = EFBIG;
        return false;
    }

  private:
    int descriptor_;
};

}  // namespace

std::expected<std::string, std::string> http_get(const std::string& address, std::uint16_t port,
                                                 const std::string& path) {
    const auto where = socket_address(address, port);
    if (!where)
        return std::unexpected(where.error());
    const Socket socket(where->storage.ss_family);
    std::string answer;
    // HTTP/1.0: the server closes behind its answer (RFC 1945 1.3).
    if (!socket.ask(*where, fmt::format("GET {} HTTP/1.0\r\n\r\n", path)) ||
        !socket.read_into(answer))
        return std::unexpected(
            fmt::format("{} port {}: {}", address, port, std::generic_category().message(errno)));
    const std::size_t body = answer.find("\r\n\r\n");
    const std::string status = answer.substr(0, answer.find("\r\n"));
    if (body == std::string::npos || status.find(" 200 ") == std::string::npos)
        return std::unexpected(
            fmt::format("{} port {}{} answers: {}", address, port, path, status.substr(0, 80)));
    return answer.substr(body + 4);
}

}  // namespace octroi
