#include "classifiers/base/sha256.hpp"

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("sha256") {
    TEST_CASE("the digest of nothing, and of FIPS 180-4's example in pieces") {
        CHECK(Sha256().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        Sha256 digest;
        digest.add("a");
        digest.add("bc");
        CHECK(digest.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
