#include "daemon/config/config_files.hpp"

#include <filesystem>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace fs = std::filesystem;

namespace {

constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";

// A folder with a configuration whose `events` and `metrics` have these keys.
class Place {
  public:
    std::string file(const std::string& name, std::string_view text = "",
                     fs::perms permissions = fs::perms::owner_read) {
        const std::string path = folder_.write(name, std::string(text));
        fs::permissions(path, permissions | fs::perms::owner_write);
        return path;
    }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }

    std::vector<std::string> problems(const std::string& events, const std::string& metrics = "") {
        const std::string path =
            folder_.write("octroi.yaml", "octroi: 1\npolicy: policy.yaml\nmetrics: {" + metrics +
                                             "}\nevents: {" + events + "}\n");
        return problems_with_named_files(load_config(path).value());
    }

    bool sound(const std::string& events, const std::string& metrics = "") {
        return problems(events, metrics).empty();
    }

    std::string only_problem(const std::string& events, const std::string& metrics = "") {
        const auto found = problems(events, metrics);
        REQUIRE(found.size() == 1);
        return found.front();
    }

  private:
    TemporaryFolder folder_;
};

bool speaks_of(const std::string& problem, std::string_view what) {
    CAPTURE(problem);
    CHECK(problem.find(what) != std::string::npos);
    return problem.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("named files") {
    TEST_CASE("files that are to be made, and files of the right kind, are sound") {
        Place place;
        CHECK(place.sound("file: events.jsonl, pseudonym_key: key"));
        place.file("events.jsonl", "{}\n");
        place.file("token", secret);
        place.file("secret", secret);
        CHECK(place.sound("file: events.jsonl, pseudonym_secret: secret", "token_file: token"));
        CHECK_FALSE(fs::exists(place.path("key")));
    }

    TEST_CASE("one file for two purposes is none for the daemon") {
        Place place;
        place.file("policy.yaml", "octroi: 1\n");
        fs::create_symlink("policy.yaml", place.path("link"));
        speaks_of(place.only_problem("file: policy.yaml"), "`policy` and `events: file` are the");
        speaks_of(place.only_problem("file: link"), "are the same file");
        speaks_of(place.only_problem("file: octroi.yaml"), "the configuration and `events: file`");
        speaks_of(place.only_problem("file: new, pseudonym_key: ./new"), "`pseudonym_key`");
        speaks_of(place.only_problem("file: e, pseudonym_key: policy.yaml"), "are the same file");
    }

    TEST_CASE("a key file that holds something else is kept from being written over") {
        Place place;
        place.file("notes", std::string(200, 'n') + "\n");
        speaks_of(place.only_problem("file: e, pseudonym_key: notes"), "no key for pseudonyms");
        place.file("cut", "2026-W4");
        CHECK(place.sound("file: e, pseudonym_key: cut"));
        place.file("key", "2026-W48 " + std::string(64, 'a') + "\n");
        CHECK(place.sound("file: e, pseudonym_key: key"));
    }

    TEST_CASE("places where no file can be are told") {
        Place place;
        fs::create_directory(place.path("folder"));
        REQUIRE(mkfifo(place.path("pipe").c_str(), 0600) == 0);
        speaks_of(place.only_problem("file: folder"), "is no file");
        speaks_of(place.only_problem("file: pipe"), "is no file");
        speaks_of(place.only_problem("file: nowhere/events.jsonl"), "there is no folder");
        speaks_of(place.only_problem("file: e, pseudonym_key: nowhere/key"), "there is no folder");
        speaks_of(place.only_problem("file: e, pseudonym_secret: nothing"), "can't be read");
    }

    TEST_CASE("a token that is not there, or that others may read, is told") {
        Place place;
        speaks_of(place.only_problem("file: e", "token_file: nothing"), "can't read the token");
        place.file("open", secret, fs::perms::owner_read | fs::perms::others_read);
        speaks_of(place.only_problem("file: e", "token_file: open"), "chmod 640");
    }
}
