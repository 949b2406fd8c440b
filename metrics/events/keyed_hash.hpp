#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

/// HMAC-SHA-256 (RFC 2104) under one key. All of it throws std::bad_alloc without memory.
class KeyedHash {
  public:
    using Digest = std::array<std::uint8_t, 32>;

    explicit KeyedHash(const Digest& key) : key_(key) {}

    /// Under a key that nobody knows.
    [[nodiscard]] static KeyedHash random();

    [[nodiscard]] Digest of(Bytes text) const;
    [[nodiscard]] Digest of(std::string_view text) const;

    [[nodiscard]] const Digest& key() const { return key_; }

  private:
    Digest key_;
};

/// Lower-case hexadecimal digits.
[[nodiscard]] std::string hex(Bytes bytes);

}  // namespace octroi
