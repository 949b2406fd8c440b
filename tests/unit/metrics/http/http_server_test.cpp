#include "metrics/http/http_server.hpp"

#include <array>
#include <atomic>

#include <doctest/doctest.h>

#include "tests/unit/loopback.hpp"

using namespace octroi;

namespace {

// Sends a request and reads until the server closes.
std::string exchange_over(std::uint16_t port, const std::string& request) {
    const Socket socket;
    const sockaddr_in address = loopback(port);
    REQUIRE(::connect(socket.descriptor(), generic(address), sizeof address) == 0);
    REQUIRE(::send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> chunk{};
    for (ssize_t count = 1; count > 0;) {
        count = ::recv(socket.descriptor(), chunk.data(), chunk.size(), 0);
        if (count > 0)
            answer.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return answer;
}

std::string request(std::string_view verb, std::string_view path) {
    return std::string(verb) + " " + std::string(path) +
           " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
}

HttpResponse echo(const HttpRequest& request) {
    const std::string_view path = request.path;
    if (path == "/missing")
        return {.status = 404, .body = "not here\n"};
    return {.media_type = "text/example", .body = "you asked for " + std::string(path) + "\n"};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("http server") {
    TEST_CASE("answers GET with the handler's status, type and body") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(server);
        const std::string answer = exchange_over(port, request("GET", "/metrics?x=1"));
        CHECK(answer.starts_with("HTTP/1.1 200 "));
        CHECK(has(answer, "Content-Type: text/example\r\n"));
        CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
        CHECK(has(answer, "Cache-Control: no-store\r\n"));
        CHECK(has(answer, "Referrer-Policy: no-referrer\r\n"));
        CHECK(has(answer, "Content-Security-Policy: default-src 'none'; script-src 'self'; "));
        CHECK(answer.ends_with("\r\n\r\nyou asked for /metrics\n"));
        CHECK(exchange_over(port, request("GET", "/missing")).starts_with("HTTP/1.1 404 "));
    }

    TEST_CASE("answers HEAD without a body") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(server);
        const std::string answer = exchange_over(port, request("HEAD", "/metrics"));
        CHECK(answer.starts_with("HTTP/1.1 200 "));
        CHECK(answer.ends_with("\r\n\r\n"));
        CHECK(has(answer, "Content-Length: 23\r\n"));
    }

    TEST_CASE("refuses every other method without asking the handler") {
        const std::uint16_t port = free_port();
        std::atomic<int> asked = 0;
        const auto server =
            HttpServer::open("127.0.0.1", port, [&asked](const HttpRequest&) -> HttpResponse {
                ++asked;
                return {};
            });
        REQUIRE(server);
        for (const std::string_view verb : {"POST", "PUT", "DELETE", "OPTIONS"})
            CHECK(has(exchange_over(port, request(verb, "/metrics")), "\r\nAllow: GET, HEAD\r\n"));
        CHECK(asked == 0);
    }

    TEST_CASE("the handler is told the host and the authorization") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, [](const HttpRequest& asked) {
            return HttpResponse{.body = std::string(asked.host) + "|" +
                                        std::string(asked.authorization)};
        });
        REQUIRE(server);
        CHECK(exchange_over(port, request("GET", "/")).ends_with("\r\n\r\ngateway|"));
        CHECK(exchange_over(port, "GET / HTTP/1.0\r\nauthorization: Bearer x\r\n\r\n")
                  .ends_with("\r\n\r\n|Bearer x"));
    }

    TEST_CASE("garbage does no harm to the next client") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(server);
        static_cast<void>(exchange_over(port, "\x16\x03\x01\r\n\r\n\r\n"));
        static_cast<void>(
            exchange_over(port, "GET /" + std::string(60'000, 'a') + " HTTP/1.1\r\n\r\n"));
        CHECK(exchange_over(port, request("GET", "/")).starts_with("HTTP/1.1 200 "));
    }

    TEST_CASE("a silent client does not keep others waiting") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(server);
        const Socket silent;
        const sockaddr_in address = loopback(port);
        REQUIRE(::connect(silent.descriptor(), generic(address), sizeof address) == 0);
        CHECK(exchange_over(port, request("GET", "/")).starts_with("HTTP/1.1 200 "));
    }

    TEST_CASE("a port that another program has is an error that names it") {
        const Socket other;
        const std::uint16_t port = bind_anywhere(other);
        REQUIRE(::listen(other.descriptor(), 1) == 0);
        const auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE_FALSE(server);
        CHECK(server.error() == "can't listen on 127.0.0.1 port " + std::to_string(port) +
                                    ": Address already in use");
    }

    TEST_CASE("a port that another octroi has is an error, not shared with it") {
        const std::uint16_t port = free_port();
        const auto one = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(one);
        CHECK_FALSE(HttpServer::open("127.0.0.1", port, echo));
    }

    TEST_CASE("a port is free again when its server is gone") {
        const std::uint16_t port = free_port();
        for (int i = 0; i < 2; ++i) {
            const auto server = HttpServer::open("127.0.0.1", port, echo);
            REQUIRE(server);
            CHECK(exchange_over(port, request("GET", "/")).starts_with("HTTP/1.1 200 "));
        }
    }

    TEST_CASE("an address must be numeric") {
        const auto server = HttpServer::open("localhost", 9477, echo);
        REQUIRE_FALSE(server);
        CHECK(server.error() == "`localhost` is not an IPv4 or IPv6 address");
    }

    TEST_CASE("a moved server goes on answering") {
        const std::uint16_t port = free_port();
        auto server = HttpServer::open("127.0.0.1", port, echo);
        REQUIRE(server);
        const HttpServer moved = std::move(*server);
        CHECK(has(exchange_over(port, request("GET", "/x")), "you asked for /x"));
    }
}
