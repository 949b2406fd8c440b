#include "daemon/commands/http_client.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "metrics/http/http_server.hpp"
#include "tests/unit/loopback.hpp"

using namespace octroi;

TEST_SUITE("HTTP client") {
    TEST_CASE("it gives the body of a page") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, [](const HttpRequest& request) {
            return HttpResponse{.body = fmt::format("you asked {}", request.path)};
        });
        REQUIRE(server);
        CHECK(http_get(fmt::format("http://127.0.0.1:{}/api", port)) == "you asked /api");
    }

    TEST_CASE("a status that is not 200 is an error") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, [](const HttpRequest&) {
            return HttpResponse{.status = 503, .body = "later"};
        });
        REQUIRE(server);
        const auto page = http_get(fmt::format("http://127.0.0.1:{}/", port));
        REQUIRE_FALSE(page);
        CHECK(page.error().find("status 503") != std::string::npos);
    }

    TEST_CASE("a token is sent, and asked for where it is missing or wrong") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, [](const HttpRequest& request) {
            return HttpResponse{.status = request.authorization == "Bearer right" ? 200U : 401U,
                                .body = "secret"};
        });
        REQUIRE(server);
        const std::string url = fmt::format("http://127.0.0.1:{}/", port);
        CHECK(http_get(url, "right") == "secret");
        CHECK(http_get(url, "wrong").error() == url + ": it asks for another token");
        CHECK(http_get(url).error() == url + ": it asks for a token");
    }

    TEST_CASE("a body without end is refused") {
        const std::uint16_t port = free_port();
        const auto server = HttpServer::open("127.0.0.1", port, [](const HttpRequest&) {
            return HttpResponse{.body = std::string(17UL * 1024 * 1024, 'x')};
        });
        REQUIRE(server);
        CHECK_FALSE(http_get(fmt::format("http://127.0.0.1:{}/", port)));
    }

    TEST_CASE("nobody there, and other protocols, are errors that name the URL") {
        const std::string url = fmt::format("http://127.0.0.1:{}/", free_port());
        const auto nobody = http_get(url);
        REQUIRE_FALSE(nobody);
        CHECK(nobody.error().starts_with(url));
        const auto file = http_get("file:///etc/hostname");
        REQUIRE_FALSE(file);
        CHECK(file.error().find("rotocol") != std::string::npos);
    }
}
