#include "daemon/commands/entry_writer.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "rules/policy/loader.hpp"
#include "tests/policy/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

using octroi::Code;
using octroi::install_entry;
using octroi::TemporaryFolder;

namespace {

constexpr std::string_view acme_text =
    "{service: acme, id: 2000, name: Acme, vendor: V, jurisdiction: DE, category: vpn,"
    " domains: [acme.example], sources: []}";

octroi::Service acme() {
    return octroi::samples::service(std::string(acme_text));
}

std::size_t files_in(const TemporaryFolder& folder) {
    const std::filesystem::directory_iterator files(folder.path(""));
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_SUITE("entry file") {
    TEST_CASE("an entry lands under its service's name, for everybody to read") {
        const TemporaryFolder folder;
        const auto path = install_entry({folder.path("")}, acme());
        REQUIRE(path);
        CHECK(*path == folder.path("acme.yaml"));
        CHECK(octroi::samples::service(folder.read("acme.yaml")).domains == acme().domains);
        CHECK(files_in(folder) == 1);
        CHECK((std::filesystem::status(*path).permissions() &
               std::filesystem::perms::others_read) != std::filesystem::perms::none);
    }

    TEST_CASE("an entry that the catalogue refuses leaves the folder as it was") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("acme.yaml", acme_text));
        octroi::Service thief = acme();
        thief.domains = {octroi::Domain::parse("zoom.us").value()};
        const auto refused = install_entry({folder.path("")}, thief);
        REQUIRE_FALSE(refused);
        CHECK(refused.error()[0].file == folder.path("acme.yaml"));
        CHECK(folder.read("acme.yaml") == acme_text);
        CHECK(files_in(folder) == 1);
    }

    TEST_CASE("the entry is read together with the others of the folder") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("other.yaml",
                                       "{service: other, id: 2001, name: O, vendor: V,"
                                       " jurisdiction: DE, category: vpn,"
                                       " domains: [acme.example], sources: []}"));
        const auto conflict = install_entry({folder.path("")}, acme());
        REQUIRE_FALSE(conflict);
        CHECK(conflict.error()[0].code == Code::conflicting_claim);
        CHECK(files_in(folder) == 1);
    }

    TEST_CASE("the entry is read together with a second folder, which is not touched") {
        const TemporaryFolder folder;
        const TemporaryFolder second;
        static_cast<void>(second.write("broken.yaml", "service: ["));
        CHECK_FALSE(install_entry({folder.path(""), second.path("")}, acme()));
        CHECK(files_in(folder) == 0);
        CHECK(files_in(second) == 1);
    }

    TEST_CASE("a later file for the same service would hide the entry, and is named") {
        const TemporaryFolder folder;
        static_cast<void>(folder.write("zz.yaml", acme_text));
        const auto hidden = install_entry({folder.path("")}, acme());
        REQUIRE_FALSE(hidden);
        CHECK(hidden.error()[0].text.starts_with(folder.path("zz.yaml")));
        CHECK(files_in(folder) == 1);
    }

    TEST_CASE("a folder that is not there is said to be so") {
        const TemporaryFolder folder;
        const auto missing = install_entry({folder.path("none")}, acme());
        REQUIRE_FALSE(missing);
        CHECK(missing.error()[0].code == Code::unreadable);
        CHECK(missing.error()[0].text == "the entry can't be written: No such file or directory");
    }
}
