#pragma once

#include <cstddef>
#include <expected>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi::hpack {

enum class Problem : std::uint8_t {
    no_authority,  ///< a whole field block without :authority or host
    malformed      ///< no field block
};

/// The value of the first :authority or host field of a header block (RFC 7541), the first one of
/// its connection: nothing in the dynamic table comes from before. Appended to `text`, at most
/// `max_text` octets of it.
[[nodiscard]] std::expected<std::size_t, Problem> read_authority(Bytes block,
                                                                 std::vector<std::uint8_t>& text);

inline constexpr std::size_t max_text = 1024;

}  // namespace octroi::hpack
