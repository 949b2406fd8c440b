#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace octroi {

/// The rules of one table as `iptables -S` prints them, read with an eye on octroi's.
class IptablesListing {
  public:
    explicit IptablesListing(std::string_view printed);

    [[nodiscard]] bool has(std::string_view line) const;

    /// The rules of octroi's own chains, chain by chain.
    [[nodiscard]] std::vector<std::string> own_rules() const;

    /// The mark that octroi's first rule takes for accepted; nothing where there is no such rule.
    [[nodiscard]] std::optional<std::uint32_t> accepted_mark() const;

    /// The rules of FORWARD and OUTPUT that jump to OCTROI.
    [[nodiscard]] std::vector<std::string> jumps() const;

    /// The first rule of the same chain above `jump` that may take packets past it. A rule that
    /// refuses, logs or does nothing is no such rule, nor is one for packets to lo alone or with a
    /// target of `harmless`. Nothing where there is no such jump.
    [[nodiscard]] std::optional<std::string> way_past(
        std::string_view jump, std::span<const std::string_view> harmless) const;

    /// The first rule of the same chain behind `jump` that may refuse packets (any but one that
    /// accepts, returns, logs or does nothing), or else the chain's policy where that refuses.
    [[nodiscard]] std::optional<std::string> refusal_behind(std::string_view jump) const;

    /// How many packets met octroi's queue rules, where the listing has counters (`iptables -S
    /// -v`).
    [[nodiscard]] std::uint64_t packets_to_queue() const;

    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  private:
    std::vector<std::string> lines_;
};

}  // namespace octroi
