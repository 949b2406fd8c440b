#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "classifiers/base/owned.hpp"
#include "classifiers/net/packet.hpp"

// NOLINTBEGIN(readability-redundant-declaration,readability-identifier-naming): keeps nDPI's
// headers in one file
struct ndpi_detection_module_struct;
struct ndpi_flow_struct;
extern "C" void ndpi_exit_detection_module(ndpi_detection_module_struct*);
extern "C" void ndpi_free_flow(ndpi_flow_struct*);

// NOLINTEND(readability-redundant-declaration,readability-identifier-naming)

namespace octroi {

/// nDPI's detection module: breadth for flows that octroi's own parsers do not know. One per
/// worker.
///
/// What is fed is rebuilt from the payload: documentation addresses, real ports. So nDPI can't
/// guess by its built-in address lists of 2022, and never sees a packet that it can't take (over 4
/// KB: its DNS parser loops for ever on a 64 KB datagram) or a buffer without slack (it reads a
/// little past the end).
class Ndpi {
  public:
    using FlowState = Owned<ndpi_flow_struct, ndpi_free_flow>;

    /// What nDPI believes.
    struct Guess {
        std::string protocol;     ///< master protocol, "" where unknown
        std::string application;  ///< "" where unknown, and for every label under STUN (they lie)
    };

    Ndpi();

    /// A state for one flow; null where memory is short.
    [[nodiscard]] static FlowState new_flow();

    /// Every protocol and application that it can name.
    [[nodiscard]] static const std::vector<std::string>& known_names();

    /// Which release of the library runs: "4.2.0".
    [[nodiscard]] static std::string release();

    /// Feeds one packet with payload. `from_first` tells whether it goes the way of the flow's
    /// first one.
    [[nodiscard]] Guess feed(ndpi_flow_struct& flow, const Packet& packet, bool from_first);

  private:
    using Module = Owned<ndpi_detection_module_struct, ndpi_exit_detection_module>;

    [[nodiscard]] std::string name_of(std::uint16_t protocol) const;

    Module module_;
    std::vector<std::uint8_t> buffer_;
};

}  // namespace octroi
