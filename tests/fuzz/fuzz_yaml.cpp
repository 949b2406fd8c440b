// Property: any text is a policy or a service, or has findings that point into it; nothing throws,
// what a policy decides early it decides in the end, and a rule that lint calls dead does not
// decide.
#include <algorithm>
#include <string>

#include "rules/lint/lint.hpp"
#include "rules/policy/loader.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Catalogue;
using octroi::Facts;
using octroi::Finding;
using octroi::Outcome;
using octroi::Policy;
using octroi::fuzz::require;

namespace {

const Catalogue& shipped_catalogue() {
    static const Catalogue catalogue = octroi::load_catalogue(std::nullopt).value();
    return catalogue;
}

void check_findings(const std::vector<Finding>& findings, const std::string& text) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    for (const Finding& finding : findings) {
        require(!finding.text.empty());
        if (finding.file != "fuzz.yaml")
            continue;  // a list or an included file
        require(finding.position.line <= lines);
        require((finding.position.line == 0) == (finding.position.column == 0));
        require(!octroi::render(finding).empty());
    }
}

void check_outcome(const Outcome& early, const Outcome& late) {
    require(late.settled);
    require(!early.settled || (early.action == late.action && early.rule == late.rule));
}

void check_lint(const Policy& policy, const octroi::Decision& decision) {
    for (const Finding& warning : octroi::lint(policy, shipped_catalogue())) {
        require(!warning.text.empty());
        const bool dead = warning.code == octroi::Code::never_decides ||
                          warning.code == octroi::Code::impossible_conditions;
        for (const Outcome& outcome : {decision.enforced, decision.would})
            require(!dead || outcome.rule == nullptr || warning.file != outcome.rule->file ||
                    warning.position != outcome.rule->position);
    }
}

void check_policy(const Policy& policy, std::string_view name) {
    Facts facts{.client = octroi::v4_address({10, 20, 4, 7}),
                .server = octroi::v4_address({170, 114, 52, 2}),
                .port = 443};
    facts.zones = policy.zones_of(facts.client);
    const auto early = policy.decide(facts);
    facts.service_known = facts.name_known = facts.protocol_known = true;
    facts.application_known = facts.classified_known = true;
    facts.service = 1;
    facts.strength = octroi::Strength::observed;
    facts.name = name;
    const auto late = policy.decide(facts);
    check_outcome(early.enforced, late.enforced);
    check_outcome(early.would, late.would);
    check_lint(policy, late);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto document = octroi::yaml::parse("fuzz.yaml", text);
    if (!document) {
        check_findings({document.error()}, text);
        return 0;
    }
    std::vector<Finding> findings;
    const auto policy = octroi::read_policy(*document, shipped_catalogue(), findings);
    require(policy.has_value() == findings.empty());
    check_findings(findings, text);
    if (policy)
        check_policy(*policy, "us05web.zoom.us");

    findings.clear();
    const auto service = octroi::read_service(*document, findings);
    require(service.has_value() == findings.empty());
    check_findings(findings, text);
    return 0;
}
