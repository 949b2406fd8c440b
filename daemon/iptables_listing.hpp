#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace octroi {

/// The rules of one table as `iptables -S` prints them, read with an eye on octroi's.
class IptablesListing {
  public:
    static constexpr std::string_view jump = "-A FORWARD -j OCTROI";

    explicit IptablesListing(std::string_view printed);

    [[nodiscard]] bool has(std::string_view line) const;

    /// The rules of octroi's own chains, chain by chain.
    [[nodiscard]] std::vector<std::string> own_rules() const;

    /// The mark that octroi's first rule takes for accepted; nothing where there is no such rule.
    [[nodiscard]] std::optional<std::uint32_t> accepted_mark() const;

    /// The first rule of FORWARD above the jump to OCTROI that may take packets past it. A rule
    /// that refuses, logs or does nothing is no such rule, nor is one with a target of `harmless`.
    /// Nothing where there is no jump.
    [[nodiscard]] std::optional<std::string> way_past(
        const std::vector<std::string_view>& harmless) const;

    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  private:
    std::vector<std::string> lines_;
};

}  // namespace octroi
