#include "metrics/events/stream_sink.hpp"

#include <array>
#include <csignal>
#include <cstring>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

class Listener {
  public:
    Listener(const std::string& path, int kind) : socket_(socket(AF_UNIX, kind, 0)) {
        sockaddr_un address{.sun_family = AF_UNIX};
        std::memcpy(address.sun_path, path.data(), path.size());
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
        REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        if (kind == SOCK_STREAM)
            REQUIRE(listen(socket_, 1) == 0);
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&&) = delete;
    Listener& operator=(Listener&&) = delete;

    ~Listener() {
        close(connection_);
        close(socket_);
    }

    void accept_one() { connection_ = accept(socket_, nullptr, nullptr); }

    void hang_up() {
        close(connection_);
        connection_ = -1;
    }

    // What is there, up to a buffer's size.
    [[nodiscard]] std::string read() const {
        std::array<char, 65536> buffer{};
        const ssize_t length = recv(connection_ < 0 ? socket_ : connection_, buffer.data(),
                                    buffer.size(), MSG_DONTWAIT);
        return {buffer.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
    }

  private:
    int socket_;
    int connection_ = -1;
};

struct Reached {
    TemporaryFolder folder;
    std::string path = folder.path("socket");
    SocketSink sink{[this] { return connect_to(path); }};
};

}  // namespace

TEST_SUITE("stream sink") {
    TEST_CASE("a stream gets line after line") {
        Reached r;
        Listener listener(r.path, SOCK_STREAM);
        r.sink.look_after({});
        listener.accept_one();
        CHECK_FALSE(r.sink.write("one\n"));
        CHECK_FALSE(r.sink.write("two\n"));
        CHECK(listener.read() == "one\ntwo\n");
    }

    TEST_CASE("a socket of datagrams gets a datagram a line, without its end") {
        Reached r;
        const Listener listener(r.path, SOCK_DGRAM);
        r.sink.look_after({});
        CHECK_FALSE(r.sink.write("one\n"));
        CHECK_FALSE(r.sink.write("two\n"));
        CHECK(listener.read() == "one");
        CHECK(listener.read() == "two");
    }

    TEST_CASE("where nobody listens lines are lost, until somebody does") {
        Reached r;
        r.sink.look_after({});
        CHECK(r.sink.write("one\n") == Loss::disconnected);
        Listener listener(r.path, SOCK_STREAM);
        CHECK(r.sink.write("two\n") == Loss::disconnected);
        r.sink.look_after({});
        listener.accept_one();
        CHECK_FALSE(r.sink.write("three\n"));
        CHECK(listener.read() == "three\n");
    }

    TEST_CASE("a reader that hangs up is called again") {
        Reached r;
        Listener listener(r.path, SOCK_STREAM);
        r.sink.look_after({});
        listener.accept_one();
        listener.hang_up();
        CHECK(r.sink.write("one\n") == Loss::disconnected);
        r.sink.look_after({});
        listener.accept_one();
        CHECK_FALSE(r.sink.write("two\n"));
        CHECK(listener.read() == "two\n");
    }

    TEST_CASE("a reader that stalls loses whole lines and gets the others whole") {
        for (const int kind : {SOCK_STREAM, SOCK_DGRAM}) {
            Reached r;
            Listener listener(r.path, kind);
            r.sink.look_after({});
            if (kind == SOCK_STREAM)
                listener.accept_one();
            const std::string line = std::string(1000, 'x') + "\n";
            std::size_t taken = 0;
            while (!r.sink.write(line))
                ++taken;
            CHECK(r.sink.write(line) == Loss::stalled);
            CHECK(taken > 0);
            std::size_t lines = 0;
            std::string text;
            for (std::string part = listener.read(); !part.empty(); part = listener.read()) {
                text += part;
                if (kind == SOCK_DGRAM)
                    text += '\n';
                r.sink.look_after({});  // finishes the line that was cut short
            }
            for (std::size_t end = text.find('\n'); end != std::string::npos;
                 end = text.find('\n', end + 1))
                ++lines;
            CHECK(lines == taken);
            CHECK(text.size() == lines * line.size());
            CHECK_FALSE(r.sink.write(line));
        }
    }

    TEST_CASE("the standard output loses lines where its reader stalls") {
        std::array<int, 2> ends{};
        REQUIRE(pipe(ends.data()) == 0);
        const int before = dup(STDOUT_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        StdoutSink sink;
        std::size_t taken = 0;
        const std::string line = std::string(6000, 'x') + "\n";
        while (!sink.write(line))
            ++taken;
        const auto loss = sink.write(line);
        std::array<char, 65536> buffer{};
        std::size_t octets = 0;
        ssize_t length = read(ends[0], buffer.data(), buffer.size());
        octets += static_cast<std::size_t>(length);
        const auto after = sink.write("next\n");
        dup2(before, STDOUT_FILENO);
        close(ends[1]);
        while ((length = read(ends[0], buffer.data(), buffer.size())) > 0)
            octets += static_cast<std::size_t>(length);
        close(ends[0]);
        close(before);
        CHECK(loss == Loss::stalled);
        CHECK_FALSE(after);
        CHECK(octets == taken * line.size() + 5);
    }

    TEST_CASE("a path too long for a socket is one where nobody listens") {
        CHECK(connect_to(std::string(200, 'p')).descriptor < 0);
    }
}
