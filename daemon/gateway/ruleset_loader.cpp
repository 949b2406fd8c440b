#include "daemon/gateway/ruleset_loader.hpp"

#include <absl/time/clock.h>
#include <fmt/format.h>

#include "rules/policy/loader.hpp"

namespace octroi {

std::string render_all(const std::vector<Finding>& findings) {
    // A broken file can hold thousands of mistakes; the first ones are what somebody can read.
    constexpr std::size_t shown = 50;
    std::string text;
    for (std::size_t i = 0; i < findings.size() && i < shown; ++i)
        text += render(findings[i]);
    if (findings.size() > shown)
        text += fmt::format("and {} more\n", findings.size() - shown);
    return text;
}

std::expected<Ruleset, std::string> load_ruleset(const std::optional<std::string>& policy,
                                                 const std::optional<std::string>& catalogue,
                                                 SeriesRegistry& registry) {
    auto services = load_catalogue(catalogue);
    if (!services)
        return std::unexpected(render_all(services.error()));
    auto rules = load_policy(policy, *services);
    if (!rules)
        return std::unexpected(render_all(rules.error()));
    Ruleset ruleset = make_ruleset(std::make_shared<const Catalogue>(std::move(*services)),
                                   std::move(*rules), registry);
    ruleset.loaded = absl::Now();
    return ruleset;
}

}  // namespace octroi
