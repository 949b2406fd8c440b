#include "classifiers/clear/http2_request.hpp"

#include <algorithm>
#include <string_view>

#include "classifiers/clear/host.hpp"
#include "classifiers/clear/hpack.hpp"

namespace octroi::http2 {
namespace {

using namespace std::string_view_literals;
using Kind = Problem::Kind;

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv;
constexpr std::size_t frame_header = 9;
// RFC 9113 6.2, 6.10
constexpr std::uint8_t headers = 1;
constexpr std::uint8_t continuation = 9;
constexpr std::uint8_t end_headers = 0x04;
constexpr std::uint8_t padded = 0x08;
constexpr std::uint8_t priority = 0x20;

std::unexpected<Problem> refuse(Kind kind) {
    return std::unexpected(Problem{.kind = kind});
}

struct Frame {
    std::size_t length = 0;
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
};

Frame read_header(ByteReader& reader) {
    Frame frame{.length = reader.u24(), .type = reader.u8(), .flags = reader.u8()};
    reader.u32();  // stream
    return frame;
}

// The part of a HEADERS or CONTINUATION frame that belongs to the header block.
ByteReader fragment_of(const Frame& frame, ByteReader content) {
    if (frame.type == continuation)
        return content;
    const std::size_t padding = (frame.flags & padded) != 0 ? content.u8() : 0U;
    if ((frame.flags & priority) != 0)
        content.bytes(5);
    const std::size_t size = content.rest().size();
    return content.nested(padding > size ? size + 1 : size - padding);
}

std::expected<Bytes, Problem> host_in(std::vector<std::uint8_t>& scratch) {
    const std::vector<std::uint8_t> block(scratch);
    scratch.clear();
    const auto size = hpack::read_authority(block, scratch);
    if (!size)
        return refuse(size.error() == hpack::Problem::malformed ? Kind::malformed : Kind::no_host);
    const Bytes host = host_of(Bytes(scratch).first(*size));
    return host.empty() ? std::expected<Bytes, Problem>(refuse(Kind::no_host)) : host;
}

}  // namespace

// One loop over the frames, clearer in one piece.
// NOLINTNEXTLINE(readability-function-cognitive-complexity)
std::expected<Bytes, Problem> requested_host(Bytes stream, std::vector<std::uint8_t>& scratch) {
    scratch.clear();
    const std::size_t shared = std::min(stream.size(), preface.size());
    if (!std::ranges::equal(stream.first(shared), preface.substr(0, shared)))
        return refuse(Kind::not_http2);
    std::size_t position = preface.size();
    bool block_open = false;
    while (true) {
        std::size_t needed = position + frame_header;
        if (stream.size() >= needed) {
            ByteReader reader(stream.subspan(position));
            const Frame frame = read_header(reader);
            needed += frame.length;
            const bool wanted = frame.type == (block_open ? continuation : headers);
            // RFC 9113 6.10: nothing comes between the frames of one header block.
            if (block_open && !wanted)
                return refuse(Kind::malformed);
            if (stream.size() >= needed && wanted) {
                const ByteReader fragment = fragment_of(frame, reader.nested(frame.length));
                if (!fragment.ok())
                    return refuse(Kind::malformed);
                const Bytes octets = fragment.rest();
                scratch.insert(scratch.end(), octets.begin(), octets.end());
                block_open = (frame.flags & end_headers) == 0;
                if (!block_open)
                    return host_in(scratch);
            }
        }
        if (stream.size() < needed)
            return std::unexpected(Problem{.kind = Kind::incomplete,
                                           .needed = needed,
                                           .begun = stream.size() >= preface.size()});
        position = needed;
    }
}

}  // namespace octroi::http2
