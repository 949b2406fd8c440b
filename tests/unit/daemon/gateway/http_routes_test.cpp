#include "daemon/gateway/http_routes.hpp"

#include <doctest/doctest.h>

using namespace octroi;

namespace {

HttpRoutes routes(bool ready, std::optional<std::string> token = {}) {
    return {{.metrics = [] { return std::string("samples\n"); },
             .status = [] { return std::string("{}\n"); },
             .ready = [ready] { return ready; }},
            std::move(token)};
}

HttpResponse ask(const HttpRoutes& from, std::string_view path,
                 std::string_view authorization = {}) {
    return from({.path = path, .host = "127.0.0.1:9477", .authorization = authorization});
}

}  // namespace

TEST_SUITE("HTTP routes") {
    TEST_CASE("each path has its media type") {
        const HttpRoutes all = routes(true);
        CHECK(ask(all, "/").media_type == "text/html; charset=utf-8");
        CHECK(ask(all, "/status.css").media_type == "text/css; charset=utf-8");
        CHECK(ask(all, "/status.js").media_type == "text/javascript; charset=utf-8");
        CHECK(ask(all, "/metrics").media_type == "text/plain; version=0.0.4; charset=utf-8");
        CHECK(ask(all, "/api/v1/status").media_type == "application/json");
        CHECK(ask(all, "/api/v1/status").body == "{}\n");
        CHECK(ask(all, "/nothing").status == 404);
    }

    TEST_CASE("a probe is answered whatever it is called and whoever asks") {
        for (const bool ready : {true, false}) {
            const HttpRoutes guarded = routes(ready, "secret");
            CHECK(guarded({.path = "/healthz", .host = "any.example"}).body == "ok\n");
            CHECK(guarded({.path = "/readyz", .host = "any.example"}).status ==
                  (ready ? 200 : 503));
        }
    }

    TEST_CASE("data needs the token where there is one, the page's own files do not") {
        const HttpRoutes guarded = routes(true, "secret");
        for (const char* path : {"/metrics", "/api/v1/status"}) {
            CAPTURE(path);
            CHECK(ask(guarded, path).status == 401);
            CHECK(ask(guarded, path, "Bearer secret").status == 200);
        }
        for (const char* path : {"/", "/status.css", "/status.js", "/chart.js", "/tables.js"})
            CHECK(ask(guarded, path).status == 200);
    }

    TEST_CASE("without a token another host's name gets nothing") {
        for (const char* path : {"/", "/status.js", "/metrics", "/api/v1/status", "/nothing"})
            CHECK(routes(true)({.path = path, .host = "evil.example"}).status == 421);
    }
}
