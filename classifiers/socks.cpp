#include "classifiers/socks.hpp"

#include <algorithm>

namespace octroi::socks {
namespace {

constexpr std::uint8_t version_5 = 5;
constexpr std::uint8_t version_4 = 4;
constexpr std::uint8_t connect = 1;
constexpr std::size_t max_text = 255;  // of a user id or a name

// The octets up to a zero, which goes as well.
Bytes read_string(ByteReader& reader) {
    const Bytes rest = reader.rest();
    const auto end = std::ranges::find(rest, std::uint8_t{0});
    const Bytes text = reader.bytes(static_cast<std::size_t>(end - rest.begin()));
    reader.u8();
    return text;
}

// SOCKS 4 (Lee, 1992); 0.0.0.x says that a name follows (4a).
std::expected<Request, Problem> read_4(Bytes stream) {
    ByteReader reader(stream);
    reader.u8();
    const std::uint8_t command = reader.u8();
    reader.u16();  // port
    const std::uint32_t address = reader.u32();
    if (reader.ok() && command != connect)
        return std::unexpected(Problem::not_socks);
    const Bytes user = read_string(reader);
    Request request;
    if (address != 0 && address < 256)
        request.host = read_string(reader);
    if (user.size() > max_text || request.host.size() > max_text)
        return std::unexpected(Problem::not_socks);
    if (!reader.ok())
        return std::unexpected(Problem::incomplete);
    request.size = stream.size() - reader.rest().size();
    return request;
}

// RFC 1928 3, 4: methods, then (after the proxy's answer) RFC 1929's names, then the request.
std::expected<Request, Problem> read_5(Bytes stream) {
    ByteReader reader(stream);
    reader.u8();
    const std::size_t methods = reader.u8();
    const Bytes offered = reader.bytes(methods);
    if (stream.size() >= 2 && methods == 0)
        return std::unexpected(Problem::not_socks);
    // Methods in use are 0 to 9 and private ones from 0x80; anything else is another protocol.
    if (std::ranges::any_of(offered,
                            [](std::uint8_t method) { return method > 9 && method < 0x80; }))
        return std::unexpected(Problem::not_socks);
    std::uint8_t version = reader.u8();
    if (reader.ok() && version == 1) {
        reader.bytes(reader.u8());  // user name
        reader.bytes(reader.u8());  // password
        version = reader.u8();
    }
    const std::uint8_t command = reader.u8();
    reader.u8();  // reserved
    const std::uint8_t kind = reader.u8();
    if (reader.ok() && (version != version_5 || command == 0 || command > 3))
        return std::unexpected(Problem::not_socks);
    Request request;
    switch (kind) {
        case 3:
            request.host = reader.bytes(reader.u8());
            break;
        case 4:
            reader.bytes(16);
            break;
        default:
            reader.u32();
    }
    reader.u16();  // port
    if (!reader.ok())
        return std::unexpected(Problem::incomplete);
    request.size = stream.size() - reader.rest().size();
    return request;
}

}  // namespace

std::expected<Request, Problem> read_request(Bytes stream) {
    if (stream.empty())
        return std::unexpected(Problem::incomplete);
    if (stream.front() == version_5)
        return read_5(stream);
    return stream.front() == version_4 ? read_4(stream) : std::unexpected(Problem::not_socks);
}

}  // namespace octroi::socks
