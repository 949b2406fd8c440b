#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace octroi {

using Bytes = std::span<const std::uint8_t>;

/// The same octets as text, borrowed too.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads network-order fields from a borrowed buffer, never past its end.
///
/// Failure is sticky: the first read that does not fit empties the reader, and every read after it
/// returns zero or an empty span. A parser therefore reads a whole structure in wire order and
/// checks ok() once.
class ByteReader {
  public:
    explicit ByteReader(Bytes bytes) : rest_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }

    std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }

    std::uint32_t u24() { return big_endian(3); }

    std::uint32_t u32() { return big_endian(4); }

    Bytes bytes(std::size_t count) {
        if (count > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const Bytes taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    /// A reader over the next `count` bytes: nested vectors cannot read outside their own length.
    ByteReader nested(std::size_t count) {
        ByteReader inner(bytes(count));
        inner.ok_ = ok_;
        return inner;
    }

    bool ok() const { return ok_; }

    bool empty() const { return rest_.empty(); }

    /// Everything not read yet; empty after a failure.
    Bytes rest() const { return rest_; }

  private:
    std::uint32_t big_endian(std::size_t width) {
        std::uint32_t value = 0;
        for (const std::uint8_t byte : bytes(width))
            value = value << 8U | byte;
        return value;
    }

    Bytes rest_;
    bool ok_ = true;
};

}  // namespace octroi
