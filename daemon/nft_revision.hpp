#pragma once

#include <cstdint>
#include <optional>

namespace octroi {

/// The number that the kernel changes with every change of nf_tables in this network namespace (it
/// calls it the ruleset's generation). Nothing where the kernel has no nf_tables. Costs a few
/// system calls.
[[nodiscard]] std::optional<std::uint32_t> nft_revision();

}  // namespace octroi
