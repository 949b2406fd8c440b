#include "metrics/events/pseudonyms.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

// Thursday, 26 November 2026, 12:00 UTC, and the next week.
constexpr Time thursday{std::chrono::seconds(1'795'694'400)};
constexpr Time next_week = thursday + std::chrono::days(7);

const Address client = wire::endpoint("10.1.2.3", 0).address;
const Address other = wire::endpoint("10.1.2.4", 0).address;

}  // namespace

TEST_SUITE("pseudonyms") {
    TEST_CASE("HMAC-SHA-256 is RFC 4231's") {
        KeyedHash::Digest key{};
        std::fill_n(key.begin(), 20, std::uint8_t{0x0b});  // test case 1, padded as HMAC pads
        CHECK(hex(KeyedHash(key).of("Hi There")) ==
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    TEST_CASE("a client keeps its name for the week, and has another one in the next") {
        auto names = Pseudonyms::open({}, thursday);
        REQUIRE(names);
        const std::string name = names->of(client);
        const std::string epoch = names->epoch();
        CHECK(epoch.starts_with("2026-W48-"));
        CHECK(name.size() == 32);
        CHECK(name != names->of(other));
        names->follow(thursday + std::chrono::days(3));  // Sunday
        CHECK(names->of(client) == name);
        CHECK(names->epoch() == epoch);
        names->follow(thursday + std::chrono::days(4));  // Monday
        CHECK(names->of(client) != name);
        CHECK(names->epoch().starts_with("2026-W49-"));
    }

    TEST_CASE("without a file each start has a key of its own, and the epoch shows it") {
        const auto one = Pseudonyms::open({}, thursday);
        const auto two = Pseudonyms::open({}, thursday);
        CHECK(one->of(client) != two->of(client));
        CHECK(one->epoch() != two->epoch());
    }

    TEST_CASE("a key that is kept outlives a restart and not its week") {
        const TemporaryFolder folder;
        const Pseudonyms::Settings settings{.key_file = folder.path("key")};
        const auto before = Pseudonyms::open(settings, thursday);
        const auto after = Pseudonyms::open(settings, thursday + std::chrono::days(1));
        REQUIRE(before);
        REQUIRE(after);
        CHECK(after->of(client) == before->of(client));
        CHECK(after->epoch() == before->epoch());
        const std::string old_key = folder.read("key");
        const auto later = Pseudonyms::open(settings, next_week);
        CHECK(later->of(client) != before->of(client));
        CHECK(folder.read("key") != old_key);
        struct stat status{};
        REQUIRE(stat(folder.path("key").c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0600U);
    }

    TEST_CASE("a broken key file is replaced, and one that can't be written is an error") {
        const TemporaryFolder folder;
        for (const char* text : {"", "2026-W48", "2026-W48 zz", "2026-W48 00ff", "x y z"}) {
            const auto names = Pseudonyms::open({.key_file = folder.write("key", text)}, thursday);
            REQUIRE(names);
            CHECK(folder.read("key").starts_with("2026-W48 "));
            CHECK(folder.read("key").size() == 9 + 64 + 1);
        }
        const std::string notes(200, 'n');
        CHECK_FALSE(Pseudonyms::open({.key_file = folder.write("key", notes)}, thursday));
        CHECK(folder.read("key") == notes);
        const auto names = Pseudonyms::open({.key_file = "/nonexistent/key"}, thursday);
        REQUIRE_FALSE(names);
        CHECK(
            names.error() ==
            "the key for pseudonyms can't be kept in /nonexistent/key: No such file or directory");
    }

    TEST_CASE("gateways with one secret give a client one name, until the week ends") {
        const TemporaryFolder folder;
        const std::string secret = folder.write("secret", std::string(32, 's'));
        REQUIRE(chmod(secret.c_str(), 0600) == 0);
        auto one = Pseudonyms::open({.secret_file = secret}, thursday);
        const auto two = Pseudonyms::open({.secret_file = secret}, thursday);
        REQUIRE(one);
        REQUIRE(two);
        CHECK(one->of(client) == two->of(client));
        CHECK(one->epoch() == two->epoch());
        one->follow(next_week);
        CHECK(one->of(client) != two->of(client));
    }

    TEST_CASE("a secret that is short or open to others is refused") {
        const TemporaryFolder folder;
        const std::string secret = folder.write("secret", std::string(31, 's'));
        CHECK_FALSE(Pseudonyms::open({.secret_file = secret}, thursday));
        CHECK(folder.write("secret", std::string(32, 's')) == secret);
        REQUIRE(chmod(secret.c_str(), 0644) == 0);
        const auto open = Pseudonyms::open({.secret_file = secret}, thursday);
        REQUIRE_FALSE(open);
        CHECK(open.error().ends_with("is open to others: chmod 0640 or 0600"));
        CHECK_FALSE(Pseudonyms::open({.secret_file = folder.path("none")}, thursday));
        const auto a_folder = Pseudonyms::open({.secret_file = folder.path("")}, thursday);
        REQUIRE_FALSE(a_folder);
        CHECK(a_folder.error().ends_with("is no regular file"));
    }
}
