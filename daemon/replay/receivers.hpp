#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>

#include <absl/container/flat_hash_map.h>

#include "classifiers/net/checksums.hpp"
#include "classifiers/net/packet.hpp"

namespace octroi {

/// Knows which packets of a capture their receivers throw away for a wrong checksum. A gateway
/// learns it from conntrack, which calls such a packet INVALID.
///
/// A wrong checksum proves nothing by itself: a network card may have filled it in behind the
/// capture, and addresses or payload may have been rewritten since. So it counts only where the
/// same direction of the same flow has right ones too, of the same kind: IPv4 headers, segments
/// without payload, segments with payload.
class Receivers {
  public:
    /// Reads the whole capture `path`. The error says why it can't be opened.
    [[nodiscard]] static std::expected<Receivers, std::string> of(const std::string& path);

    /// Takes a packet into account, all of them before the first question.
    void note(Bytes ip_packet);

    [[nodiscard]] bool discard(Bytes ip_packet) const;

  private:
    enum Kind : std::uint8_t { header, bare, payload, kinds };

    struct Count {
        std::uint32_t right = 0;
        std::uint32_t wrong = 0;

        void add(Checksum checksum);

        // A wrong checksum is right by chance once in 65 536 times.
        [[nodiscard]] bool proven() const { return right > wrong / 1024; }
    };

    using Counts = std::array<Count, kinds>;
    using Directions = std::array<Counts, 2>;

    absl::flat_hash_map<FlowKey, Directions> flows_;
};

}  // namespace octroi
