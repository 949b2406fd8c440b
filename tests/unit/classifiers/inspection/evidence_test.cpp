#include "classifiers/inspection/evidence.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("evidence") {
    TEST_CASE("every kind has a name of its own") {
        std::set<std::string_view> names;
        for (unsigned i = 0; i < 10; ++i)
            names.insert(to_string(static_cast<EvidenceKind>(i)));
        CHECK(names.size() == 10);
        CHECK_FALSE(names.contains(""));
        CHECK(to_string(EvidenceKind::tls_sni) == "tls_sni");
    }

    TEST_CASE("an unknown application has no name") {
        CHECK(to_string(Application::unknown).empty());
        CHECK(to_string(Application::tls) == "TLS");
    }
}
