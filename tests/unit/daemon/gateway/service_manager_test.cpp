#include "daemon/gateway/service_manager.hpp"

#include <array>
#include <cstdlib>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

// The manager's end of the notification socket.
class Listener {
  public:
    explicit Listener(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{.sun_family = AF_UNIX};
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }

    ~Listener() { close(socket_); }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&&) = delete;
    Listener& operator=(Listener&&) = delete;

    struct Heard {
        std::string text;
        int descriptor = -1;
    };

    [[nodiscard]] Heard hear() const {
        std::array<char, 1024> text{};
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
        iovec part{.iov_base = text.data(), .iov_len = text.size()};
        msghdr message{.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.data(),
                       .msg_controllen = control.size()};
        const ssize_t size = recvmsg(socket_, &message, MSG_DONTWAIT);
        Heard heard;
        if (size > 0)
            heard.text.assign(text.data(), static_cast<std::size_t>(size));
        if (const cmsghdr* header = CMSG_FIRSTHDR(&message))
            heard.descriptor = *reinterpret_cast<const int*>(CMSG_DATA(header));
        return heard;
    }

  private:
    int socket_;
};

void set(const char* name, const std::string& value) {
    setenv(name, value.c_str(), 1);
}

// Descriptors are handed on from number 3, which only a process of its own can arrange: the checks
// run in a child, whose exit code says how many failed.
template <typename Body>
int failures_in_child(Body body) {
    const pid_t child = fork();
    if (child == 0)
        _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_SUITE("service manager") {
    TEST_CASE("without a manager nothing was kept, nothing is watched, and telling does no harm") {
        const ServiceManager manager = ServiceManager::from_environment();
        manager.notify("READY=1");
        CHECK_FALSE(manager.watchdog());
    }

    TEST_CASE("a notification arrives as it was sent, and the environment is used up") {
        const TemporaryFolder folder;
        const Listener listener(folder.path("notify"));
        set("NOTIFY_SOCKET", folder.path("notify"));
        const ServiceManager manager = ServiceManager::from_environment();
        CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
        manager.notify("READY=1\nSTATUS=5 rules");
        CHECK(listener.hear().text == "READY=1\nSTATUS=5 rules");
    }

    TEST_CASE("a descriptor that is to be kept travels with its name") {
        const TemporaryFolder folder;
        const Listener listener(folder.path("notify"));
        set("NOTIFY_SOCKET", folder.path("notify"));
        const ServiceManager manager = ServiceManager::from_environment();
        std::array<int, 2> ends{};
        REQUIRE(pipe(ends.data()) == 0);
        manager.keep("queue-3", ends[1]);
        close(ends[1]);
        const Listener::Heard heard = listener.hear();
        CHECK(heard.text == "FDSTORE=1\nFDNAME=queue-3\nFDPOLL=0");
        REQUIRE(heard.descriptor >= 0);
        CHECK(write(heard.descriptor, "x", 1) == 1);
        char got = 0;
        CHECK(read(ends[0], &got, 1) == 1);
        CHECK(got == 'x');
        close(heard.descriptor);
        close(ends[0]);
        manager.forget("queue-3");
        CHECK(listener.hear().text == "FDSTOREREMOVE=1\nFDNAME=queue-3");
    }

    TEST_CASE("the watchdog's time counts where it is set for this process, and is a number") {
        for (const auto& [period, pid, expected] :
             {std::tuple("3000000", std::to_string(getpid()), true),
              {"3000000", "", true},
              {"3000000", "1", false},
              {"0", "", false},
              {"-5", "", false},
              {"3s", "", false}}) {
            CAPTURE(period);
            CAPTURE(pid);
            set("WATCHDOG_USEC", period);
            set("WATCHDOG_PID", pid);
            const auto watchdog = ServiceManager::from_environment().watchdog();
            CHECK(watchdog.has_value() == expected);
            if (watchdog)
                CHECK(watchdog->count() == 3'000'000);
        }
    }

    TEST_CASE("kept descriptors are found by name; those that nobody takes are closed") {
        CHECK(failures_in_child([] {
                  const int null = open("/dev/null", O_RDONLY);
                  for (const int descriptor : {10, 11})
                      dup2(null, descriptor);
                  dup2(10, 3);
                  dup2(11, 4);
                  set("LISTEN_PID", std::to_string(getpid()));
                  set("LISTEN_FDS", "2");
                  set("LISTEN_FDNAMES", "queue-0:queue-1");
                  ServiceManager manager = ServiceManager::from_environment();
                  int failures = std::getenv("LISTEN_FDS") == nullptr ? 0 : 1;
                  failures += manager.take("queue-1") == 4 ? 0 : 1;
                  failures += manager.take("queue-1") ? 1 : 0;
                  failures += (fcntl(4, F_GETFD) & FD_CLOEXEC) != 0 ? 0 : 1;
                  failures +=
                      manager.forget_the_rest() == std::vector<std::string>{"queue-0"} ? 0 : 1;
                  failures += fcntl(3, F_GETFD) < 0 ? 0 : 1;
                  return failures;
              }) == 0);
    }

    TEST_CASE("descriptors of another process, or an absurd number of them, are not touched") {
        for (const auto& [pid, count] : {std::pair("1", "1"),
                                         {"", "1"},
                                         {"self", "100000000"},
                                         {"self", "-1"},
                                         {"self", "x"}}) {
            CAPTURE(pid);
            CAPTURE(count);
            CHECK(failures_in_child([&] {
                      set("LISTEN_PID",
                          std::string_view(pid) == "self" ? std::to_string(getpid()) : pid);
                      set("LISTEN_FDS", count);
                      set("LISTEN_FDNAMES", "queue-0");
                      ServiceManager manager = ServiceManager::from_environment();
                      return manager.take("queue-0") ? 1 : 0;
                  }) == 0);
        }
    }
}
