#include "metrics/http_client.hpp"

#include <doctest/doctest.h>

#include "metrics/http_server.hpp"

using namespace octroi;

namespace {

constexpr std::uint16_t port = 39477;

HttpResponse respond(std::string_view path) {
    if (path == "/large")
        return {.body = std::string(300'000, 'x')};
    if (path == "/hello")
        return {.body = "hello\n"};
    return {.status = 404, .body = "no such page\n"};
}

}  // namespace

TEST_SUITE("http client") {
    TEST_CASE("gets a body, also one that comes in many pieces, over IPv4 and IPv6") {
        for (const char* address : {"127.0.0.1", "::1"}) {
            const auto server = HttpServer::open(address, port, respond);
            REQUIRE(server);
            CHECK(http_get(address, port, "/hello") == "hello\n");
            CHECK(http_get(address, port, "/large") == std::string(300'000, 'x'));
        }
    }

    TEST_CASE("another status than 200 is an error that names it") {
        const auto server = HttpServer::open("127.0.0.1", port, respond);
        REQUIRE(server);
        const auto answer = http_get("127.0.0.1", port, "/absent");
        REQUIRE_FALSE(answer);
        CHECK(answer.error().find("404") != std::string::npos);
    }

    TEST_CASE("where nobody listens the error says where and why") {
        const auto answer = http_get("127.0.0.1", port, "/hello");
        REQUIRE_FALSE(answer);
        CHECK(answer.error() == "127.0.0.1 port 39477: Connection refused");
    }
}
