#include "daemon/commands/policy_test_runner.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "daemon/commands/policy_tool.hpp"
#include "rules/text/schema.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_tests = 100'000;

// What a test expects; what is absent is not looked at.
struct Expectation {
    std::optional<std::string> action;
    std::optional<std::string> would;
    std::optional<std::string> rule;
    std::optional<std::string> service;
};

struct PolicyTest {
    std::string name;
    const yaml::Node* node = nullptr;
    std::optional<std::string> at;
    FlowText flow;
    Expectation expect;
};

FlowText read_flow(Report& report, const yaml::Node* node) {
    FlowText flow;
    if (node == nullptr)
        return flow;
    Fields fields(report, *node, "`flow`");
    flow.client = read_text(report, fields.required("client")).value_or("");
    flow.name = read_text(report, fields.optional("name"));
    flow.address = read_text(report, fields.optional("address"));
    flow.port = read_text(report, fields.optional("port"));
    flow.transport = read_text(report, fields.optional("transport"));
    flow.protocol = read_text(report, fields.optional("protocol"));
    flow.application = read_text(report, fields.optional("application"));
    flow.service = read_text(report, fields.optional("service"));
    flow.strength = read_text(report, fields.optional("strength"));
    flow.interface = read_text(report, fields.optional("interface"));
    flow.ech = read_text(report, fields.optional("ech"));
    flow.exception = read_text(report, fields.optional("exception"));
    fields.finish();
    return flow;
}

Expectation read_expectation(Report& report, const yaml::Node* node) {
    Expectation expect;
    if (node == nullptr)
        return expect;
    Fields fields(report, *node, "`expect`");
    const std::vector<std::string_view> actions(action_names.begin(), action_names.end());
    const auto read_action = [&](std::string_view key) -> std::optional<std::string> {
        const auto word =
            read_word(report, fields.optional(key), Code::bad_value, "an action", actions);
        return word ? std::optional(std::string(actions[*word])) : std::nullopt;
    };
    expect.action = read_action("action");
    expect.would = read_action("would");
    expect.rule = read_text(report, fields.optional("rule"));
    expect.service = read_text(report, fields.optional("service"));
    fields.finish();
    return expect;
}

PolicyTest read_test(Report& report, const yaml::Node& node) {
    Fields fields(report, node, "a test");
    PolicyTest test{.name = read_text(report, fields.required("name")).value_or(""),
                    .node = &node,
                    .at = read_text(report, fields.optional("at")),
                    .flow = read_flow(report, fields.required("flow")),
                    .expect = read_expectation(report, fields.required("expect"))};
    fields.finish();
    return test;
}

std::string action_text(const Outcome& outcome) {
    return outcome.settled ? std::string(to_string(outcome.action)) : "not decided";
}

// Empty where `got` is what was expected.
std::string difference(std::string_view what, const std::optional<std::string>& expected,
                       std::string_view got) {
    if (!expected || *expected == got)
        return "";
    return fmt::format("{}: expected {}, got {}; ", what, *expected, got);
}

std::string evaluate_answer(const Answer& answer, const Expectation& expect) {
    const Decision& decision = answer.decision;
    const Rule* rule = decision.rule();
    std::string text = difference("action", expect.action, action_text(decision.enforced));
    text += difference("would", expect.would, action_text(decision.would));
    text += difference("rule", expect.rule, rule == nullptr ? "none" : rule->name);
    text += difference("service", expect.service,
                       answer.service == nullptr ? "none" : answer.service->name);
    if (!decision.enforced.settled || !decision.would.settled)
        text +=
            "a rule asks for what the flow leaves open (address, port and transport together, or "
            "the "
            "client's interface: `none`, one of no zone); ";
    if (!text.empty())
        text.resize(text.size() - 2);
    return text;
}

class Runner {
  public:
    explicit Runner(const PolicyTool& tool) : tool_(tool) {}

    PolicyTestResult run(const PolicyTest& test) {
        PolicyTestResult result{.name = test.name, .line = test.node->position.line, .failure = {}};
        const auto at = tool_.moment(test.at);
        auto question = at ? tool_.question(test.flow) : std::unexpected(at.error());
        if (!question) {
            result.failure = question.error();
            return result;
        }
        question->complete = true;
        const Policy policy = tool_.policy().at(*at);
        const Answer answer = ask(policy, tool_.catalogue(), *question);
        for (const Outcome& outcome : {answer.decision.enforced, answer.decision.would})
            if (outcome.rule != nullptr)
                reached_.insert(outcome.rule->name);
        result.failure = evaluate_answer(answer, test.expect);
        return result;
    }

    [[nodiscard]] bool reached(const std::string& rule) const { return reached_.contains(rule); }

  private:
    const PolicyTool& tool_;
    std::set<std::string> reached_;
};

}  // namespace

std::size_t PolicyTestRun::failures() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(results, [](const auto& result) { return !result.passed(); }));
}

Loaded<PolicyTestRun> run_policy_tests(const std::string& path,
                                       const std::optional<std::string>& catalogue) {
    const auto document = yaml::load(path);
    if (!document)
        return std::unexpected(std::vector{document.error()});
    std::vector<Finding> findings;
    Report report(*document, findings);
    Fields fields(report, document->root, "a file of tests");
    const yaml::Node* policy = fields.required("policy");
    const yaml::Node* list = fields.required("tests");
    fields.finish();
    const auto policy_name = read_text(report, policy);
    const auto nodes = read_list(report, list);
    if (nodes.size() > max_tests)
        report.error(Code::too_many, list->position, fmt::format("more than {} tests", max_tests));
    std::vector<PolicyTest> tests;
    for (const yaml::Node* node : nodes)
        tests.push_back(read_test(report, *node));
    if (!findings.empty())
        return std::unexpected(std::move(findings));

    const std::string policy_file =
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
        (std::filesystem::path(path).parent_path() / *policy_name).string();
    const auto tool = PolicyTool::read(policy_file, catalogue);
    if (!tool) {
        report.error(Code::unreadable, policy->position,
                     fmt::format("the policy {} can't be used", policy_file));
        for (const Finding& finding : tool.error())
            report.add(finding);
        return std::unexpected(std::move(findings));
    }
    PolicyTestRun run{
        .file = path, .policy_file = policy_file, .results = {}, .rules = {}, .unreached = {}};
    Runner runner(*tool);
    for (const PolicyTest& test : tests)
        run.results.push_back(runner.run(test));
    for (const Rule& rule : tool->policy().rules()) {
        run.rules.push_back(rule.name);
        if (!runner.reached(rule.name))
            run.unreached.push_back(
                {.name = rule.name, .file = rule.file, .position = rule.position});
    }
    return run;
}

}  // namespace octroi
