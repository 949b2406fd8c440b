#include "daemon/subprocess.hpp"

#include <csignal>

#include <doctest/doctest.h>

using namespace octroi;

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
        CHECK(finished.error() == "can't run octroi-no-such-program: No such file or directory");
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
