#include <algorithm>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "classifiers/tls/client_hello.hpp"
#include "classifiers/tls/tls_handshake.hpp"

namespace {

using Octets = std::vector<std::uint8_t>;

void append_u16(Octets& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8U));
    to.push_back(static_cast<std::uint8_t>(value));
}

// RFC 8446 4.2: type, length, content.
void append_extension(Octets& to, std::uint16_t type, const Octets& content) {
    append_u16(to, type);
    append_u16(to, content.size());
    to.insert(to.end(), content.begin(), content.end());
}

Octets server_name(std::string_view name) {
    Octets content;
    append_u16(content, name.size() + 3);
    content.push_back(0);  // host_name
    append_u16(content, name.size());
    content.insert(content.end(), name.begin(), name.end());
    return content;
}

// A ClientHello whose server name comes last, behind a key share of `key_share` octets: 32 for
// X25519, 1216 for X25519MLKEM768.
Octets client_hello(std::size_t key_share) {
    Octets extensions;
    for (const std::uint8_t type : Octets{23, 35, 5, 13, 18, 43, 45, 10, 11, 27})
        append_extension(extensions, type, Octets(8, 0));
    append_extension(extensions, 51, Octets(key_share, 0xaa));
    append_extension(extensions, 16, {0, 3, 2, 'h', '2'});  // ALPN
    append_extension(extensions, 0, server_name("us05web.zoom.us"));

    Octets body = {0x03, 0x03};
    body.insert(body.end(), 32, 0xaa);  // random
    body.push_back(32);
    body.insert(body.end(), 32, 0xbb);  // legacy_session_id
    append_u16(body, 32);
    body.insert(body.end(), 32, 0x13);      // cipher_suites
    body.insert(body.end(), {0x01, 0x00});  // legacy_compression_methods
    append_u16(body, extensions.size());
    body.insert(body.end(), extensions.begin(), extensions.end());

    Octets message = {0x01, 0x00};
    append_u16(message, body.size());
    message.insert(message.end(), body.begin(), body.end());
    return message;
}

// RFC 8446 5.1: the message in records of at most `most` octets.
Octets in_records(const Octets& message, std::size_t most) {
    Octets stream;
    for (std::size_t position = 0; position < message.size(); position += most) {
        const std::size_t length = std::min(most, message.size() - position);
        stream.insert(stream.end(), {0x16, 0x03, 0x01});
        append_u16(stream, length);
        const auto begin = message.begin() + static_cast<std::ptrdiff_t>(position);
        stream.insert(stream.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
    }
    return stream;
}

void parse_client_hello(benchmark::State& state) {
    const Octets message = client_hello(static_cast<std::size_t>(state.range(0)));
    const auto hello = octroi::tls::parse_client_hello(message);
    if (!hello || hello->server_name.empty())
        state.SkipWithError("the ClientHello does not parse");
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::tls::parse_client_hello(message));
    state.SetItemsProcessed(state.iterations());
}

void take_message_out_of_records(benchmark::State& state) {
    const Octets stream = in_records(client_hello(1216), static_cast<std::size_t>(state.range(0)));
    Octets scratch;
    if (!octroi::tls::first_handshake_message(stream, scratch))
        state.SkipWithError("the records hold no message");
    for (auto _ : state)
        benchmark::DoNotOptimize(octroi::tls::first_handshake_message(stream, scratch));
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(parse_client_hello)->ArgName("key_share")->Arg(32)->Arg(1216);
BENCHMARK(take_message_out_of_records)->ArgName("record")->Arg(16384)->Arg(256)->Arg(16);

}  // namespace

BENCHMARK_MAIN();
