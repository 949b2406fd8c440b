#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rules/policy/policy.hpp"

namespace octroi {

/// The rules of two policies: one that stands in both, word for word or otherwise, is one.
class RulePairs {
  public:
    RulePairs(const Policy& before, const Policy& after);

    struct Entry {
        const Rule* rule = nullptr;         ///< of either policy; borrowed
        std::optional<std::size_t> before;  ///< its place in the rules
        std::optional<std::size_t> after;
        bool moved = false;  ///< it changed places with others, most of which stayed

        /// Whether it stands in one policy alone.
        [[nodiscard]] bool changed() const { return !before || !after; }
    };

    [[nodiscard]] const std::vector<Entry>& all() const { return entries_; }

    /// Whether a flow that both rules match may fare otherwise after than before because of them:
    /// one of them is new or gone, or they changed places, and they do not do the same.
    [[nodiscard]] static bool may_differ(const Entry& one, const Entry& other);

  private:
    void find_moved();

    std::vector<Entry> entries_;
};

}  // namespace octroi
