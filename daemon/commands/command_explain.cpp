#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemon/commands/catalogue_text.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/policy_tool.hpp"

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;

std::string_view truth_text(Truth truth) {
    switch (truth) {
        case Truth::no:
            return "false";
        case Truth::unknown:
            return "not known yet";
        case Truth::yes:
            return "true";
    }
    return "";
}

// Why a rule's conditions came out as they did: those that are not true, or all of them.
std::string reason_of(const RuleTrace& trace) {
    if (!trace.active)
        return "outside its dates or hours";
    std::string text;
    for (const ConditionTruth& each : trace.conditions) {
        if (trace.truth != Truth::yes && each.truth == Truth::yes)
            continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", each.condition,
                            truth_text(each.truth));
    }
    return trace.conditions.empty() ? "it has no condition" : text;
}

// The exception stands where no rule decides.
std::string outcome_text(const Outcome& outcome, std::optional<Exception> exception) {
    if (!outcome.settled)
        return "not known yet";
    if (outcome.rule != nullptr)
        return fmt::format("{} by {}", to_string(outcome.action), outcome.rule->name);
    return fmt::format(
        "{} by {}", to_string(outcome.action),
        exception ? fmt::format("the exception `{}`", to_string(*exception)) : "the default");
}

void print_text(const Answer& answer, const Policy& policy, std::optional<Exception> exception) {
    const absl::TimeZone zone = policy.defaults().time_zone;
    fmt::print("at         {} ({})\n", to_string(policy.moment(), zone),
               policy.defaults().zone_name);
    const auto label = policy.label_zone(answer.facts.client, answer.facts.zones);
    fmt::print("zone       {}\n", label ? policy.zones()[*label].name : "none");
    fmt::print("service    {}\n",
               answer.service == nullptr
                   // NOLINTNEXTLINE(readability-avoid-nested-conditional-operator)
                   ? (answer.facts.service_known ? "none" : "not known yet")
                   : answer.service->name);
    if (const auto inside = embedded_address(answer.facts.server, policy.nat64()))
        fmt::print("address    {}\n", dress_text(answer.facts.server, *inside));
    fmt::print("action     {}\n", outcome_text(answer.decision.enforced, exception));
    fmt::print("would      {}\n\n", outcome_text(answer.decision.would, exception));
    for (const RuleTrace& trace : answer.walked)
        fmt::print("{}:{}  {}{}  {}: {}\n", trace.rule->file, trace.rule->position.line,
                   trace.rule->name, trace.mode == Mode::monitor ? " (monitor)" : "",
                   trace.active ? truth_text(trace.truth) : "inactive", reason_of(trace));
}

void print_json(const Answer& answer, const Policy& policy) {
    const auto text_or_null = [](std::string_view text) {
        return text.empty() ? Json(nullptr) : Json(text);
    };
    const Rule* rule = answer.decision.rule();
    Json json;
    json["at"] = to_string(policy.moment(), policy.defaults().time_zone);
    const auto label = policy.label_zone(answer.facts.client, answer.facts.zones);
    json["zone"] = label ? Json(policy.zones()[*label].name) : Json(nullptr);
    json["service"] = text_or_null(answer.service == nullptr ? "" : answer.service->name);
    json["address_inside"] =
        answer.facts.server_inside ? Json(to_string(*answer.facts.server_inside)) : Json(nullptr);
    json["decided"] = answer.decision.enforced.settled;
    json["action"] = answer.decision.enforced.settled
                         ? Json(to_string(answer.decision.enforced.action))
                         : Json(nullptr);
    json["would"] = answer.decision.would.settled ? Json(to_string(answer.decision.would.action))
                                                  : Json(nullptr);
    json["rule"] = text_or_null(rule == nullptr ? "" : rule->name);
    json["reason"] = text_or_null(rule == nullptr ? "" : rule->reason);
    json["exception"] =
        answer.decision.exception ? Json(to_string(*answer.decision.exception)) : Json(nullptr);
    json["rules"] = Json::array();
    for (const RuleTrace& trace : answer.walked) {
        Json conditions = Json::object();
        for (const ConditionTruth& each : trace.conditions)
            conditions[each.condition] = truth_text(each.truth);
        json["rules"].push_back({{"rule", trace.rule->name},
                                 {"file", trace.rule->file},
                                 {"line", trace.rule->position.line},
                                 {"active", trace.active},
                                 {"mode", to_string(trace.mode)},
                                 {"matches", truth_text(trace.truth)},
                                 {"conditions", std::move(conditions)}});
    }
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

ExitCode execute(const ExplainCommand& command) {
    const auto tool = PolicyTool::load(command.policy, command.catalogue);
    if (!tool) {
        fmt::print(stderr, "{}", tool.error());
        return ExitCode::failed;
    }
    const auto at = tool->moment(command.at);
    const auto question = at ? tool->question(command.flow) : std::unexpected(at.error());
    if (!question) {
        fmt::print(stderr, "octroi: {}\n", question.error());
        return ExitCode::failed;
    }
    const Policy policy = tool->policy().at(*at);
    const Answer answer = ask(policy, tool->catalogue(), *question);
    if (command.json)
        print_json(answer, policy);
    else
        print_text(answer, policy, question->exception);
    return ExitCode::ok;
}

}  // namespace octroi
