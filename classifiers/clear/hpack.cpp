#include "classifiers/clear/hpack.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace octroi::hpack {
namespace {

using namespace std::string_view_literals;

// RFC 7541 Appendix A
constexpr std::size_t static_authority = 1;
constexpr std::size_t static_host = 38;
constexpr std::size_t static_fields = 61;

// RFC 7541 Appendix B: the length of each octet's code, in bits. The code is canonical, so the
// lengths are all of it.
constexpr std::size_t longest_code = 30;
constexpr std::array<std::uint8_t, 256> code_lengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,
    7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26};

// The octets in the order of their codes, and for each length how many codes have it.
struct Code {
    std::array<std::uint8_t, 256> octets{};
    std::array<std::uint32_t, longest_code + 1> count{};
};

constexpr Code make_code() {
    Code code;
    std::size_t next = 0;
    for (std::size_t length = 1; length <= longest_code; ++length)
        for (std::size_t octet = 0; octet < code_lengths.size(); ++octet)
            if (code_lengths[octet] == length) {
                code.octets[next++] = static_cast<std::uint8_t>(octet);
                ++code.count[length];
            }
    return code;
}

constexpr Code code = make_code();

// Takes a bit at a time; says which octet is complete by it.
class HuffmanReader {
  public:
    std::optional<std::uint8_t> take(bool bit) {
        value_ = value_ << 1U | (bit ? 1U : 0U);
        if (++length_ > longest_code) {
            broken_ = true;
            return std::nullopt;
        }
        first_ <<= 1U;
        const std::uint32_t here = code.count[length_];
        if (value_ - first_ < here) {
            const std::uint8_t octet = code.octets[index_ + value_ - first_];
            *this = HuffmanReader();
            return octet;
        }
        index_ += here;
        first_ += here;
        return std::nullopt;
    }

    [[nodiscard]] bool broken() const { return broken_; }

    // RFC 7541 5.2: padded with the start of a code of ones, less than an octet.
    [[nodiscard]] bool may_end() const {
        return !broken_ && length_ < 8 && value_ == (1U << length_) - 1;
    }

  private:
    std::uint32_t value_ = 0;
    std::uint32_t first_ = 0;  ///< the first code of this length
    std::uint32_t index_ = 0;  ///< its octet's place
    std::size_t length_ = 0;
    bool broken_ = false;
};

// RFC 7541 5.1: what does not fit in the prefix follows, 7 bits an octet.
std::optional<std::size_t> read_integer(ByteReader& reader, std::uint8_t first, unsigned prefix) {
    const std::size_t mask = (1U << prefix) - 1;
    std::size_t value = first & mask;
    if (value < mask)
        return value;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
        const std::uint8_t octet = reader.u8();
        value += static_cast<std::size_t>(octet & 0x7fU) << shift;
        if (octet < 0x80)
            return reader.ok() ? std::optional(value) : std::nullopt;
    }
    return std::nullopt;
}

bool append_huffman(Bytes octets, std::vector<std::uint8_t>& text, std::size_t limit) {
    HuffmanReader reader;
    for (const std::uint8_t octet : octets)
        for (unsigned bit = 8; bit-- > 0;)
            if (const auto decoded = reader.take((octet >> bit & 1U) != 0)) {
                if (text.size() >= limit)
                    return false;
                text.push_back(*decoded);
            } else if (reader.broken()) {
                return false;
            }
    return reader.may_end();
}

// RFC 7541 5.2. A string of no interest is skipped.
bool read_string(ByteReader& reader, std::vector<std::uint8_t>* text) {
    const std::uint8_t first = reader.u8();
    const auto length = read_integer(reader, first, 7);
    const Bytes octets = reader.bytes(length.value_or(0));
    if (!length || !reader.ok())
        return false;
    if (text == nullptr)
        return true;
    const std::size_t limit = text->size() + max_text;
    if ((first & 0x80U) != 0)
        return append_huffman(octets, *text, limit);
    if (octets.size() > max_text)
        return false;
    text->insert(text->end(), octets.begin(), octets.end());
    return true;
}

std::string_view behind(const std::vector<std::uint8_t>& text, std::size_t size) {
    return {reinterpret_cast<const char*>(text.data()) + size, text.size() - size};
}

bool is_authority(std::string_view name) {
    return name == ":authority"sv || name == "host"sv;
}

// A field of a literal value (RFC 7541 6.2). `authority` tells whether its value was appended.
bool read_literal(ByteReader& reader, std::size_t index, bool& authority,
                  std::vector<std::uint8_t>& text) {
    const std::size_t before = text.size();
    authority = index == static_authority || index == static_host;
    if (index == 0) {
        if (!read_string(reader, &text))
            return false;
        authority = is_authority(behind(text, before));
        text.resize(before);
    }
    return read_string(reader, authority ? &text : nullptr);
}

// RFC 7541 6: what the first octet of a field says.
struct Field {
    bool indexed = false;  ///< name and value
    bool resize = false;   ///< no field: the dynamic table's size
    unsigned prefix = 4;   ///< bits of the index in the first octet
};

Field field_of(std::uint8_t first) {
    if ((first & 0x80U) != 0)
        return {.indexed = true, .prefix = 7};
    if ((first & 0x40U) != 0)
        return {.prefix = 6};
    if ((first & 0x20U) != 0)
        return {.resize = true, .prefix = 5};
    return {};
}

}  // namespace

std::expected<std::size_t, Problem> read_authority(Bytes block, std::vector<std::uint8_t>& text) {
    const std::size_t before = text.size();
    bool seen = false;
    ByteReader reader(block);
    while (!reader.empty()) {
        const std::uint8_t first = reader.u8();
        const Field field = field_of(first);
        const auto index = read_integer(reader, first, field.prefix);
        // An empty authority that came before may stand in the dynamic table: by its name.
        if (!index || (field.indexed && *index == 0) ||
            (!field.resize && *index > static_fields && seen))
            return std::unexpected(Problem::malformed);
        if (field.indexed || field.resize)
            continue;
        bool authority = false;
        if (!read_literal(reader, *index, authority, text))
            return std::unexpected(Problem::malformed);
        if (text.size() > before)
            return text.size() - before;
        seen = seen || authority;
    }
    return std::unexpected(Problem::no_authority);
}

}  // namespace octroi::hpack
