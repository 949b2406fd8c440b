#include "daemon/firewall/subprocess.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

// How many descriptors this process may open yet; as before at the end.
class Descriptors {
  public:
    Descriptors() {
        REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
        const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
        close(next);
        next_ = static_cast<rlim_t>(next);
    }

    ~Descriptors() { CHECK(setrlimit(RLIMIT_NOFILE, &before_) == 0); }

    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
    Descriptors(Descriptors&&) = delete;
    Descriptors& operator=(Descriptors&&) = delete;

    void limit(int count) const {
        const rlimit limited{.rlim_cur = next_ + static_cast<rlim_t>(count),
                             .rlim_max = before_.rlim_max};
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limited) == 0);
    }

    [[nodiscard]] std::string trace() const { return folder_.path("trace"); }

  private:
    TemporaryFolder folder_;
    rlimit before_{};
    rlim_t next_ = 0;
};

}  // namespace

TEST_SUITE("subprocess") {
    TEST_CASE("gives input, output, errors and exit code") {
        const auto finished = run_program({"sh", "-c", "cat; echo wrong >&2; exit 3"}, "input\n");
        REQUIRE(finished);
        CHECK(finished->output == "input\n");
        CHECK(finished->errors == "wrong\n");
        CHECK(finished->exit_code == 3);
    }

    TEST_CASE("arguments reach the program as they are, without a shell") {
        const auto finished = run_program({"printf", "%s|", "a b", "$HOME", "`id`", "*", ""});
        REQUIRE(finished);
        CHECK(finished->output == "a b|$HOME|`id`|*||");
        CHECK(finished->exit_code == 0);
    }

    TEST_CASE("more input and output than a pipe holds does not block") {
        const std::string large(3'000'000, 'x');
        const auto finished = run_program({"sh", "-c", "cat; head -c 300000 /dev/zero >&2"}, large);
        REQUIRE(finished);
        CHECK(finished->output == large);
        CHECK(finished->errors.size() == 300'000);
    }

    TEST_CASE("a program that does not read its input does no harm") {
        const auto finished = run_program({"true"}, std::string(1'000'000, 'x'));
        REQUIRE(finished);
        CHECK(finished->exit_code == 0);
    }

    TEST_CASE("a program that is killed has 128 and its signal as exit code") {
        const auto finished = run_program({"sh", "-c", "kill -TERM $$"});
        REQUIRE(finished);
        CHECK(finished->exit_code == 128 + SIGTERM);
    }

    TEST_CASE("a program that does not exist is an error that names it") {
        const auto finished = run_program({"octroi-no-such-program"});
        REQUIRE_FALSE(finished);
        CHECK(finished.error().cause == ENOENT);
        CHECK(finished.error().text ==
              "can't run octroi-no-such-program: No such file or directory");
    }

    // One of its three streams has no file, and ours must not stand in for it.
    TEST_CASE("without descriptors for its streams a program is not run, and the error says why") {
        const Descriptors left;
        for (const int count : {0, 1, 2}) {
            CAPTURE(count);
            left.limit(count);
            const auto finished = run_program({"touch", left.trace()});
            left.limit(16);
            REQUIRE_FALSE(finished);
            CHECK(finished.error().cause == EMFILE);
            CHECK(finished.error().text ==
                  "can't make a file in memory for a program's input and output: Too many open "
                  "files");
            CHECK_FALSE(std::filesystem::exists(left.trace()));
        }
        left.limit(3);
        CHECK(run_program({"touch", left.trace()}));
        CHECK(std::filesystem::exists(left.trace()));
    }

    TEST_CASE("a program of which nobody tells how it ended has not ended well") {
        auto* const before = std::signal(SIGCHLD, SIG_IGN);
        const auto finished = run_program({"false"});
        std::signal(SIGCHLD, before);
        REQUIRE_FALSE(finished);
        CHECK(finished.error().text == "can't learn how false ended: No child processes");
    }

    TEST_CASE("signals that we block are not blocked in the program") {
        sigset_t blocked;
        sigset_t before;
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        REQUIRE(pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
        const auto finished = run_program({"sh", "-c", "kill -TERM $$; exit 0"});
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        REQUIRE(finished);
        CHECK(finished->exit_code == 128 + SIGTERM);
    }

    TEST_CASE("no file of ours is open in the program but its three streams") {
        const auto finished = run_program({"sh", "-c", "ls -l /proc/$$/fd | grep -c memfd:octroi"});
        REQUIRE(finished);
        CHECK(finished->output == "3\n");
    }
}
