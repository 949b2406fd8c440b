#include "classifiers/clear/http_request.hpp"

#include <doctest/doctest.h>

#include "tests/unit/wire.hpp"

using namespace octroi;
using http::Problem;

namespace {

std::expected<std::string, Problem> read(std::string_view stream) {
    const wire::Buffer bytes = wire::text(stream);
    http::Progress progress;
    const auto found = http::read_request(bytes, progress);
    if (!found)
        return std::unexpected(found.error());
    return wire::text(found->host);
}

// The host asked for, "" where there is none.
std::string host(std::string_view stream) {
    return read(stream).value_or("");
}

Problem problem(std::string_view stream) {
    const auto found = read(stream);
    REQUIRE_FALSE(found);
    return found.error();
}

// A request with these lines before the end of its head.
std::string with_fields(std::string_view fields) {
    return "GET / HTTP/1.1\r\n" + std::string(fields) + "Accept: */*\r\n\r\n";
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
        http::Progress progress;
        const auto found = http::read_request(stream, progress);
        REQUIRE(found);
        CHECK(found->host.data() == stream.data() + 22);
        CHECK(found->host.size() == 11);
    }

    TEST_CASE("a request cut before the end of its Host line is incomplete") {
        const std::string_view request = "GET / HTTP/1.1\r\nHost: example.org\r\n";
        for (std::size_t length = 0; length < request.size(); ++length) {
            CAPTURE(length);
            const bool line = length >= request.find('\n') + 1;
            CHECK(problem(request.substr(0, length)) ==
                  (line ? Problem::incomplete : Problem::undecided));
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
        CHECK(problem("\r\n") == Problem::undecided);
        CHECK(problem("\r\nSSH-2.0-OpenSSH_9.2\r\n") == Problem::not_http);
    }

    TEST_CASE("any token is a method, in any case") {  // RFC 9110 9.1
        for (const std::string_view method :
             {"PROPFIND", "get", "Get", "FOO", "M-SEARCH", "A", "!#$%&'*+-.^_`|~", "REPORT"}) {
            CAPTURE(method);
            CHECK(host(std::string(method) + " / HTTP/1.1\r\nHost: example.org\r\n\r\n") ==
                  "example.org");
        }
        CHECK(host("connect example.org:443 HTTP/1.1\r\n\r\n") == "example.org");
        CHECK(problem("(GET) / HTTP/1.1\r\n") == Problem::not_http);
    }

    TEST_CASE("a Host behind any number of fields is found") {
        std::string head = "GET / HTTP/1.1\r\n";
        while (head.size() < 60'000)
            head += "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxx\r\n";
        CHECK(problem(head) == Problem::incomplete);
        CHECK(host(head + "Host: example.org\r\n") == "example.org");
        const std::string target(60'000, 'a');
        CHECK(problem("GET /" + target) == Problem::undecided);
        CHECK(host("GET /" + target + " HTTP/1.1\r\nHost: example.org\r\n") == "example.org");
    }

    TEST_CASE("an earlier look spares the octets that it read, and changes nothing") {
        const std::string_view request =
            "\r\nGET / HTTP/1.1\r\nX: y\r\n Host: other.org\r\nHost:\r\n\t\r\n example.org\r\n";
        const wire::Buffer bytes = wire::text(request);
        http::Progress progress;
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            CAPTURE(length);
            CHECK_FALSE(http::read_request(Bytes(bytes).first(length), progress));
            CHECK(progress.next <= length);
        }
        CHECK(progress.next > request.find("other.org"));
        const auto found = http::read_request(bytes, progress);
        REQUIRE(found);
        CHECK(wire::text(found->host) == "example.org");
    }

    TEST_CASE("a folded Host is put together") {  // RFC 9112 5.2
        CHECK(host(with_fields("Host:\r\n example.org\r\n")) == "example.org");
        CHECK(host(with_fields("Host: \r\n\texample.org\r\n")) == "example.org");
        CHECK(host(with_fields("Host:\n example.org\r\n")) == "example.org");
        CHECK(host(with_fields("Host:\r\n \r\n example.org\r\n")) == "example.org");
        CHECK(problem("GET / HTTP/1.1\r\nHost:\r\n") == Problem::incomplete);
        CHECK(problem("GET / HTTP/1.1\r\nHost:\r\n exam") == Problem::incomplete);
    }

    TEST_CASE("a line that starts with white space is no field and no end of the head") {
        CHECK(host(with_fields("X: y\r\n Host: other.org\r\nHost: example.org\r\n")) ==
              "example.org");
        CHECK(host(with_fields("X: y\r\n \r\nHost: example.org\r\n")) == "example.org");
    }

    TEST_CASE("white space before the colon and around the value does not hide Host") {
        CHECK(host(with_fields("Host : example.org\r\n")) == "example.org");
        CHECK(host(with_fields("Host\t:\t\texample.org\t\r\n")) == "example.org");
        CHECK(host(with_fields("Host: example.org\r\r\n")) == "example.org");
    }

    TEST_CASE("of several Host fields the first counts") {
        CHECK(host(with_fields("Host: example.org\r\nHost: other.org\r\n")) == "example.org");
    }

    TEST_CASE("a line that some readers end at its CR is malformed") {
        CHECK(problem(with_fields("X: y\rHost: example.org\r\nHost: other.org\r\n")) ==
              Problem::malformed);
    }

    TEST_CASE("lines without a colon are passed over") {
        CHECK(host(with_fields("nonsense\r\n: x\r\nHost: example.org\r\n")) == "example.org");
    }

    TEST_CASE("white space of any kind parts the words of a request line") {
        for (const std::string_view line :
             {"GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / HTTP/1.1 ",
              " GET / HTTP/1.1"}) {
            CAPTURE(line);
            CHECK(host(std::string(line) + "\r\nHost: example.org\r\n\r\n") == "example.org");
        }
    }

    TEST_CASE("a version that some server reads is one") {
        for (const std::string_view version :
             {"HTTP/1.10", "HTTP/1.01", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/1", "HTTP/9.9"}) {
            CAPTURE(version);
            CHECK(host("GET / " + std::string(version) + "\r\nHost: example.org\r\n\r\n") ==
                  "example.org");
        }
    }

    TEST_CASE("HTTP/0.9 names a host in absolute form only") {
        CHECK(host("GET http://example.org/\r\n") == "example.org");
        CHECK(problem("GET /\r\n") == Problem::not_http);
        CHECK(problem("GET key\r\n") == Problem::not_http);  // Redis
    }

    TEST_CASE("only a scheme before :// makes a target absolute") {
        CHECK(host("GET HTTPS://example.org/ HTTP/1.1\r\nHost: other.org\r\n") == "example.org");
        CHECK(host("GET a+b.c-1://example.org/ HTTP/1.1\r\nHost: other.org\r\n") == "example.org");
        for (const std::string_view target :
             {"x?u=://other.org/", "1x://other.org/", "://other.org/", "//other.org/",
              "http:/other.org/", "http:///x"}) {
            CAPTURE(target);
            CHECK(host("GET " + std::string(target) + " HTTP/1.1\r\nHost: example.org\r\n") ==
                  "example.org");
        }
    }

    TEST_CASE("behind an absolute target that is an address Host counts") {
        CHECK(host("GET http://192.0.2.1/ HTTP/1.1\r\nHost: example.org\r\n\r\n") == "example.org");
        CHECK(host("GET http://192.0.2.1/ HTTP/1.1\r\n\r\n") == "192.0.2.1");
        CHECK(problem("GET http://192.0.2.1/ HTTP/1.1\r\n") == Problem::incomplete);
    }

    TEST_CASE("a Host that is more than a host stays whole") {
        CHECK(host(with_fields("Host: http://example.org\r\n")) == "http://example.org");
        CHECK(host(with_fields("Host: example.org/x:80\r\n")) == "example.org/x:80");
    }

    TEST_CASE("the form and the port of a target are known") {
        const auto request = [](std::string_view stream) {
            const wire::Buffer bytes = wire::text(stream);
            http::Progress progress;
            return http::read_request(bytes, progress).value();
        };
        CHECK(request("CONNECT a.org:8443 HTTP/1.1\r\n").form == http::Form::connect);
        CHECK(request("CONNECT a.org:8443 HTTP/1.1\r\n").port == 8443);
        CHECK(request("GET http://a.org/ HTTP/1.1\r\n").form == http::Form::absolute);
        CHECK(request("GET http://a.org/ HTTP/1.1\r\n").port == 0);
        CHECK(request(with_fields("Host: a.org:80\r\n")).form == http::Form::origin);
    }

    TEST_CASE("a head ends at its empty line") {
        const std::string head = "CONNECT 192.0.2.1:443 HTTP/1.1\r\nX: y\r\n \r\n\r\n";
        const wire::Buffer stream = wire::text(head + "inside\r\n\r\n");
        http::Progress progress;
        for (std::size_t length = 0; length < stream.size(); ++length) {
            CAPTURE(length);
            const Bytes part = Bytes(stream).first(length);
            http::Progress whole;
            static_cast<void>(http::read_request(part, progress));
            static_cast<void>(http::read_request(part, whole));
            if (length < head.size()) {
                CHECK_FALSE(http::head_size(part, progress));
            } else {
                CHECK(http::head_size(part, whole) == head.size());
            }
        }
    }

    TEST_CASE("other protocols are not HTTP by their first words") {
        CHECK(problem("SSH-2.0-OpenSSH_9.2\r\n") == Problem::not_http);
        CHECK(problem("GETTING started\r\n") == Problem::not_http);
        CHECK(problem("\x16\x03\x01") == Problem::not_http);
        CHECK(problem("HTTP/1.1 200 OK\r\n") == Problem::not_http);
        for (const std::string_view line :
             {"EHLO a.org", "USER x", "NICK x", "a1 CAPABILITY", "PING", "*1",
              "INVITE sip:a SIP/2.0", "OPTIONS rtsp://a/ RTSP/1.0", "get key", "SET a http://b",
              "login: HTTP"}) {
            CAPTURE(line);
            CHECK(problem(std::string(line) + "\r\n") == Problem::not_http);
        }
        CHECK(problem("WA\x06\x03") == Problem::not_http);
        CHECK(problem(std::string(8193, 'x')) == Problem::not_http);
        CHECK(problem(std::string(8193, 'x') + " / HTTP/1.1\r\n") == Problem::not_http);
    }

    TEST_CASE("a request line without a version is not HTTP/1") {
        CHECK(problem("GET / http/1.1\r\nHost: example.org\r\n\r\n") == Problem::not_http);
        CHECK(problem("GET / RTSP/1.0\r\nHost: example.org\r\n\r\n") == Problem::not_http);
    }
}
