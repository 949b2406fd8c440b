#include "classifiers/http_request.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using http::Problem;

namespace {

// The host asked for, "" where there is none.
std::string host(std::string_view stream) {
    const wire::Buffer bytes = wire::text(stream);
    const auto found = http::requested_host(bytes);
    return found ? wire::text(*found) : std::string();
}

Problem problem(std::string_view stream) {
    const wire::Buffer bytes = wire::text(stream);
    const auto found = http::requested_host(bytes);
    REQUIRE_FALSE(found);
    return found.error();
}

}  // namespace

TEST_SUITE("http request") {
    TEST_CASE("the Host field names the host, wherever it stands") {
        CHECK(host("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") == "example.org");
        CHECK(host("POST /x?y HTTP/1.0\r\nAccept: */*\r\nHost: example.org\r\n") == "example.org");
        CHECK(host("HEAD / HTTP/1.1\r\nX-Host: a.org\r\nHostess: b.org\r\nHost: c.org\r\n\r\n") ==
              "c.org");
    }

    TEST_CASE("field names have no case, white space around values does not count") {
        CHECK(host("GET / HTTP/1.1\r\nhOsT:example.org\r\n\r\n") == "example.org");
        CHECK(host("GET / HTTP/1.1\r\nHOST: \t example.org \t \r\n\r\n") == "example.org");
        CHECK(host("GET / HTTP/1.1\nHost: example.org\n\n") == "example.org");
    }

    TEST_CASE("port, userinfo and brackets go") {
        CHECK(host("GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n") == "example.org");
        CHECK(host("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n") == "2001:db8::1");
        CHECK(host("GET http://a@b:c@example.org:80/ HTTP/1.1\r\n\r\n") == "example.org");
    }

    TEST_CASE("a target in absolute form outweighs the Host field") {
        CHECK(host("GET http://example.org/x HTTP/1.1\r\nHost: other.org\r\n\r\n") ==
              "example.org");
        CHECK(host("GET http://example.org?x=/ HTTP/1.1\r\nHost: other.org\r\n\r\n") ==
              "example.org");
        CHECK(host("GET http://example.org#f HTTP/1.1\r\n\r\n") == "example.org");
    }

    TEST_CASE("a target in origin form names nobody, whatever its query holds") {
        CHECK(host("GET /?u=http://other.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n") ==
              "example.org");
        CHECK(host("OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n") == "example.org");
    }

    TEST_CASE("CONNECT names the host behind the proxy") {
        CHECK(host("CONNECT example.org:443 HTTP/1.1\r\nHost: proxy.org\r\n\r\n") == "example.org");
        CHECK(host("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n") == "2001:db8::1");
    }

    TEST_CASE("the host lies in the stream") {
        const wire::Buffer stream = wire::text("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
        const auto found = http::requested_host(stream);
        REQUIRE(found);
        CHECK(found->data() == stream.data() + 22);
        CHECK(found->size() == 11);
    }

    TEST_CASE("a request cut before the end of its Host line is incomplete") {
        const std::string_view request = "GET / HTTP/1.1\r\nHost: example.org\r\n";
        for (std::size_t length = 0; length < request.size(); ++length) {
            CAPTURE(length);
            CHECK(problem(request.substr(0, length)) == Problem::incomplete);
        }
        CHECK(host(request) == "example.org");
    }

    TEST_CASE("a whole head without a host has none") {
        CHECK(problem("GET / HTTP/1.0\r\n\r\n") == Problem::no_host);
        CHECK(problem("GET / HTTP/1.0\r\nAccept: */*\r\n\r\nHost: body.org\r\n") ==
              Problem::no_host);
    }

    TEST_CASE("an empty Host is no host") {
        CHECK(problem("GET / HTTP/1.1\r\nHost:\r\n\r\n") == Problem::no_host);
        CHECK(problem("GET / HTTP/1.1\r\nHost: :80\r\n\r\n") == Problem::no_host);
    }

    TEST_CASE("empty lines before the request do not hide it") {  // RFC 9112 2.2
        CHECK(host("\r\nGET / HTTP/1.1\r\nHost: example.org\r\n\r\n") == "example.org");
        CHECK(host("\n\r\n\r\nGET / HTTP/1.1\r\nHost: example.org\r\n\r\n") == "example.org");
        CHECK(problem("\r\n") == Problem::incomplete);
        CHECK(problem("\r\nSSH-2.0-OpenSSH_9.2\r\n") == Problem::not_http);
    }

    TEST_CASE("a head without end is given up after 16 KiB") {
        const std::string long_line = "GET /" + std::string(16384, 'a');
        CHECK(problem(long_line.substr(0, 16383)) == Problem::incomplete);
        CHECK(problem(long_line) == Problem::no_host);
        std::string many_fields = "GET / HTTP/1.1\r\n";
        while (many_fields.size() < 16384)
            many_fields += "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxx\r\n";
        CHECK(problem(many_fields) == Problem::no_host);
    }

    TEST_CASE("other protocols are not HTTP by their first words") {
        CHECK(problem("SSH-2.0-OpenSSH_9.2\r\n") == Problem::not_http);
        CHECK(problem("GETTING started\r\n") == Problem::not_http);
        CHECK(problem("\x16\x03\x01") == Problem::not_http);
        CHECK(problem("HTTP/1.1 200 OK\r\n") == Problem::not_http);
        CHECK(problem("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == Problem::not_http);
    }

    TEST_CASE("a request line without a version is not HTTP/1") {
        CHECK(problem("GET /\r\n") == Problem::not_http);  // HTTP/0.9
        CHECK(problem("GET HTTP/1.1\r\nHost: example.org\r\n\r\n") == Problem::not_http);
        CHECK(problem("GET / HTTP/2.0\r\nHost: example.org\r\n\r\n") == Problem::not_http);
        CHECK(problem("GET / RTSP/1.0\r\nHost: example.org\r\n\r\n") == Problem::not_http);
    }
}
