#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace octroi {

/// The number that the kernel changes with every change of nf_tables in this network namespace (it
/// calls it the ruleset's generation). Nothing where the kernel has no nf_tables; the error says
/// why it could not be asked. Costs a few system calls.
[[nodiscard]] std::expected<std::optional<std::uint32_t>, std::string> nft_revision();

}  // namespace octroi
