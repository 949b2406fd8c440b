#pragma once

#include <string_view>
#include <vector>

#include "rules/lint/header_box.hpp"
#include "rules/policy/policy.hpp"

namespace octroi {

/// Flows that cannot be, and why, to stand behind "no flow fulfils its conditions: ".
struct ImpossibleFlows {
    HeaderBox box;
    std::string_view why;
};

/// The flows that a policy may meet from its own moment on, and which of them its rules take.
class HeaderSpace {
  public:
    /// Both must outlive it.
    HeaderSpace(const Policy& policy, const Catalogue& catalogue);

    /// The flows that the rule matches. Boxes may be empty, and together they are all of them.
    [[nodiscard]] std::vector<HeaderBox> matched(const Rule& rule) const;

    /// Those that it acts on: all that it may, or only those that it surely does, where a rollout
    /// takes a share of the clients.
    enum class Share : std::uint8_t { possible, sure };
    [[nodiscard]] std::vector<HeaderBox> enforced(const Rule& rule, Share share) const;

    [[nodiscard]] const std::vector<ImpossibleFlows>& impossible() const { return impossible_; }

    /// What policy may ask about the flow at `point`, everything known. Borrows from it, and
    /// `host`: the flow's name.
    [[nodiscard]] Facts facts_of(const HeaderPoint& point, std::string_view host) const;

  private:
    [[nodiscard]] HeaderBox whole() const;
    [[nodiscard]] std::vector<HeaderBox> in_zones(const HeaderBox& box,
                                                  const Condition<ZoneSet>& zones) const;
    void exclude();

    const Policy& policy_;
    const Catalogue& catalogue_;
    std::vector<std::string> interfaces_;  // the first is 1
    HeaderBox whole_;
    std::vector<ImpossibleFlows> impossible_;
};

}  // namespace octroi
