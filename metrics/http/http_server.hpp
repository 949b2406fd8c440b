#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct MHD_Daemon;

namespace octroi {

/// What a handler may look at; valid while it runs.
struct HttpRequest {
    std::string_view path;
    std::string_view host;           ///< the Host field; empty: none
    std::string_view authorization;  ///< the Authorization field; empty: none
};

struct HttpResponse {
    unsigned status = 200;
    std::string media_type = "text/plain; charset=utf-8";
    std::string body;
};

/// A small read-only HTTP server on its own thread: GET and HEAD, bounded connections, bounded time
/// for each of them. Slow or silent clients cost nothing but their own connection. A browser is
/// told to keep nothing, to guess no type, and to take scripts, styles and data from here alone.
class HttpServer {
  public:
    /// Answers a request. Called on the server's thread; must not throw.
    using Handler = std::function<HttpResponse(const HttpRequest& request)>;

    /// Listens on `address`:`port` (a numeric IPv4 or IPv6 address). The error says what failed.
    [[nodiscard]] static std::expected<HttpServer, std::string> open(const std::string& address,
                                                                     std::uint16_t port,
                                                                     Handler handler);

    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

  private:
    struct Stop {
        void operator()(MHD_Daemon* daemon) const;
    };

    HttpServer(std::unique_ptr<Handler> handler, MHD_Daemon* daemon);

    std::unique_ptr<Handler> handler_;  // outlives the daemon's thread
    std::unique_ptr<MHD_Daemon, Stop> daemon_;
};

}  // namespace octroi
