#include "classifiers/net/tcp_options.hpp"

#include <algorithm>

namespace octroi::tcp {
namespace {

constexpr std::size_t fixed_header = 20;
constexpr std::uint8_t end_of_list = 0;
constexpr std::uint8_t no_operation = 1;
constexpr std::uint8_t timestamps = 8;
constexpr std::uint8_t md5_signature = 19;
constexpr std::uint8_t authentication = 29;

Bytes options_of(Bytes segment) {
    if (segment.size() < fixed_header)
        return {};
    const std::size_t header = (segment[12] >> 4U) * std::size_t{4};
    if (header < fixed_header)
        return {};
    return segment.first(std::min(header, segment.size())).subspan(fixed_header);
}

}  // namespace

Options read_options(Bytes segment) {
    Options options;
    ByteReader reader(options_of(segment));
    while (!reader.empty()) {
        const std::uint8_t kind = reader.u8();
        if (kind == end_of_list)
            break;
        if (kind == no_operation)
            continue;
        const std::size_t length = reader.u8();  // of the whole option
        if (length < 2)
            break;
        ByteReader value = reader.nested(length - 2);
        if (kind == timestamps) {
            const std::uint32_t sent = value.u32();
            if (value.ok())
                options.timestamp = sent;
        }
        options.signed_segment |= value.ok() && (kind == md5_signature || kind == authentication);
    }
    return options;
}

}  // namespace octroi::tcp
