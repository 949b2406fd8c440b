#include "classifiers/clear/socks.hpp"

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

// Of 4 or 16 octets.
std::optional<Address> read_address(Bytes octets) {
    Address address;
    if (octets.size() == Address::size) {
        std::ranges::copy(octets, address.bytes.begin());
        return address;
    }
    if (octets.size() != 4)
        return std::nullopt;
    return v4_address({octets[0], octets[1], octets[2], octets[3]});
}

// SOCKS 4 (Lee, 1992); 0.0.0.x says that a name follows (4a).
std::expected<Request, Problem> read_4(Bytes stream) {
    ByteReader reader(stream);
    reader.u8();
    const std::uint8_t command = reader.u8();
    Request request;
    request.port = reader.u16();
    const Bytes octets = reader.bytes(4);
    const std::uint32_t address = ByteReader(octets).u32();
    if (reader.ok() && command != connect)
        return std::unexpected(Problem::not_socks);
    const Bytes user = read_string(reader);
    if (address != 0 && address < 256)
        request.host = read_string(reader);
    else
        request.address = read_address(octets);
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
    reader.bytes(methods);  // a proxy ignores those that it does not know
    if (stream.size() >= 2 && methods == 0)
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
    Bytes address;
    switch (kind) {
        case 1:
            address = reader.bytes(4);
            break;
        case 3:
            request.host = reader.bytes(reader.u8());
            break;
        case 4:
            address = reader.bytes(Address::size);
            break;
        default:
            if (reader.ok())
                return std::unexpected(Problem::malformed);
    }
    if (command == connect)
        request.address = read_address(address);
    request.port = reader.u16();
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
