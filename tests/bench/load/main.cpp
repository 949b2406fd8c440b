// The load of tests/bench: a server that answers, and a client that makes new flows, many at a time
// or one by one.
//
//   load_generator serve ADDRESS PORT
//   load_generator tcp|udp ADDRESS PORT FLOWS SECONDS FIRST-SOURCE HELLO HELLO SOURCE...
//   load_generator time-tcp|time-udp ADDRESS PORT FLOWS FIRST-SOURCE HELLO SOURCE...
//
// HELLO is a file: a ClientHello's handshake message, the second of a blocked name. It is sent in a
// TLS record, or in a QUIC Initial of 1200 octets; `raw:FILE` sends the file as it is. Prints a
// JSON object.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/bench/load/flows.hpp"
#include "tests/bench/load/server.hpp"
#include "tests/unit/quic_wire.hpp"

namespace {

using load::Buffer;

constexpr std::size_t initial_size = 1200;                 // RFC 9000 14.1
constexpr std::size_t initial_overhead = 18 + 2 + 4 + 16;  // header, length, number, tag

Buffer read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    Buffer bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty())
        load::fail(path);
    return bytes;
}

Buffer tls_record(const Buffer& message) {
    return octroi::wire::Fields().u8(22).u16(0x0301).vector16(message).take();
}

// Of a connection that has an id of its own.
Buffer quic_initial(const Buffer& message, std::uint64_t id) {
    Buffer frames = octroi::wire::crypto_frame(0, message);
    frames.resize(std::max(frames.size(), initial_size - initial_overhead));
    return octroi::wire::initial(
        {.destination = octroi::wire::Fields().u32(id >> 32U).u32(id & 0xffffffffU).take()},
        std::move(frames));
}

std::vector<Buffer> first_octets(int kind, const std::string& hello) {
    constexpr std::string_view raw = "raw:";
    if (hello.starts_with(raw))
        return {read_file(hello.substr(raw.size()))};
    const Buffer message = read_file(hello);
    if (kind == SOCK_STREAM)
        return {tls_record(message)};
    constexpr std::size_t connections = 4096;
    std::random_device device;
    std::vector<Buffer> initials(connections);
    std::ranges::generate(
        initials, [&] { return quic_initial(message, std::uint64_t{device()} << 32U | device()); });
    return initials;
}

std::vector<in_addr> addresses(std::span<char*> texts) {
    std::vector<in_addr> made;
    for (const char* text : texts)
        made.push_back(load::endpoint(text, 0).sin_addr);
    return made;
}

int make(int kind, const sockaddr_in& server, std::span<char*> arguments) {
    const load::Counts counts = load::make_flows(
        {.kind = kind,
         .server = server,
         .sources = {addresses(arguments.subspan(5)), std::stoull(arguments[2])},
         .passed = first_octets(kind, arguments[3]),
         .refused = first_octets(kind, arguments[4])},
        std::stoull(arguments[0]), std::chrono::duration<double>(std::stod(arguments[1])));
    std::printf(R"({"answered": %lu, "reset": %lu, "timed_out": %lu, "seconds": %.6f})"
                "\n",
                counts.answered, counts.reset, counts.timed_out, counts.seconds);
    return 0;
}

int time(int kind, const sockaddr_in& server, std::span<char*> arguments) {
    const auto times =
        load::time_flows({.kind = kind,
                          .server = server,
                          .sources = {addresses(arguments.subspan(3)), std::stoull(arguments[1])},
                          .passed = {},
                          .refused = {}},
                         std::stoull(arguments[0]), first_octets(kind, arguments[2]).front());
    std::printf(R"({"p50": %.1f, "p99": %.1f})"
                "\n",
                times[times.size() / 2], times[times.size() * 99 / 100]);
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const std::span<char*> arguments(words, static_cast<std::size_t>(count));
    const std::string verb = arguments.size() > 3 ? arguments[1] : "";
    if (verb.empty())
        return std::fputs("usage: see tests/bench/load/main.cpp\n", stderr), 2;
    const auto server =
        load::endpoint(arguments[2], static_cast<std::uint16_t>(std::stoul(arguments[3])));
    const auto rest = arguments.subspan(4);
    const int kind = verb.ends_with("tcp") ? SOCK_STREAM : SOCK_DGRAM;
    if (verb == "serve")
        load::serve(server);
    if ((verb == "tcp" || verb == "udp") && rest.size() > 5)
        return make(kind, server, rest);
    if ((verb == "time-tcp" || verb == "time-udp") && rest.size() > 3)
        return time(kind, server, rest);
    return std::fputs("usage: see tests/bench/load/main.cpp\n", stderr), 2;
}
