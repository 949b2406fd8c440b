#include "metrics/http/http_access.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("HTTP access") {
    TEST_CASE("without a token, addresses and localhost are answered") {
        const HttpAccess access(std::nullopt);
        for (const char* host : {"localhost", "LocalHost:9477", "127.0.0.1:9477", "127.0.0.1",
                                 "[::1]:9477", "[::1]", "10.0.0.1:80", ""}) {
            CAPTURE(host);
            CHECK_FALSE(access.refuse_host({.host = host}));
        }
        CHECK_FALSE(access.refuse_stranger({}));
    }

    TEST_CASE("without a token, a name that somebody's DNS may point here is not") {
        const HttpAccess access(std::nullopt);
        for (const char* host :
             {"evil.example:9477", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "[",
              "[]", ":9477", "0x7f000001", "evil.example@127.0.0.1"}) {
            CAPTURE(host);
            const auto refusal = access.refuse_host({.host = host});
            REQUIRE(refusal);
            CHECK(refusal->status == 421);
        }
    }

    TEST_CASE("with a token, whoever sends it is answered, by any name") {
        const HttpAccess access("correct horse");
        CHECK_FALSE(access.refuse_host({.host = "gateway.example"}));
        for (const char* good : {"Bearer correct horse", "bearer correct horse"})
            CHECK_FALSE(access.refuse_stranger({.authorization = good}));
        for (const char* bad :
             {"", "Bearer", "Bearer ", "Bearer correct hors", "Bearer correct horsf",
              "Bearer correct horse ", "Basic correct horse", "correct horse"}) {
            CAPTURE(bad);
            const auto refusal = access.refuse_stranger({.authorization = bad});
            REQUIRE(refusal);
            CHECK(refusal->status == 401);
        }
    }
}
