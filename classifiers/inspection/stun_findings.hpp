#pragma once

#include <cstdint>

#include "classifiers/clear/stun.hpp"
#include "classifiers/inspection/findings.hpp"

namespace octroi {

/// Adds what a STUN or TURN message tells to a flow's findings: realm, signatures, and the
/// evidence.
void note_stun(const stun::Message& message, bool from_client, std::uint32_t packet,
               Findings& findings);

}  // namespace octroi
