#include "daemon/confinement/syscall_filter.hpp"

#include <csignal>
#include <ctime>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/unit/child.hpp"

using namespace octroi;

namespace {

constexpr int survived = 7;

bool died_of_the_filter(int status) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

bool lives(int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == survived;
}

// A child under the filter of workers makes one call.
template <typename Call>
int worker_that_calls(Call call) {
    return test::status_of_child([&] {
        if (!filter_worker_calls())
            return 1;
        call();
        return survived;
    });
}

template <typename Call>
int process_that_calls(Call call) {
    return test::status_of_child([&] {
        if (!filter_process_calls())
            return 1;
        call();
        return survived;
    });
}

}  // namespace

TEST_SUITE("system call filter") {
    TEST_CASE("a worker may allocate, lock, sleep and end") {
        CHECK(lives(worker_that_calls([] {
            const timespec moment{.tv_sec = 0, .tv_nsec = 1};
            nanosleep(&moment, nullptr);
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        })));
    }

    TEST_CASE("a worker that opens a file, makes a socket or a process dies") {
        CHECK(died_of_the_filter(worker_that_calls([] { open("/dev/null", O_RDONLY); })));
        CHECK(died_of_the_filter(worker_that_calls([] { socket(AF_NETLINK, SOCK_RAW, 0); })));
        CHECK(died_of_the_filter(worker_that_calls([] { syscall(SYS_fork); })));
    }

    TEST_CASE("a worker that makes memory executable dies, also where it is writable before") {
        CHECK(died_of_the_filter(worker_that_calls([] {
            mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        })));
        CHECK(died_of_the_filter(worker_that_calls([] {
            void* page =
                mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            mprotect(page, 4096, PROT_READ | PROT_EXEC);
        })));
    }

    TEST_CASE("the process may read files and make local and netlink sockets") {
        CHECK(lives(process_that_calls([] {
            close(open("/dev/null", O_RDONLY));
            close(socket(AF_NETLINK, SOCK_RAW, 0));
            close(socket(AF_UNIX, SOCK_DGRAM, 0));
        })));
    }

    TEST_CASE("the process dies of a socket to the network and of a call nobody needs") {
        CHECK(died_of_the_filter(process_that_calls([] { socket(AF_INET, SOCK_STREAM, 0); })));
        CHECK(died_of_the_filter(process_that_calls([] { socket(AF_PACKET, SOCK_RAW, 0); })));
        CHECK(died_of_the_filter(process_that_calls([] { syscall(SYS_ptrace, 0, 0, 0, 0); })));
    }
}
