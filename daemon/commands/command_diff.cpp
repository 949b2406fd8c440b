#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/recorded_flows.hpp"
#include "daemon/commands/text_output.hpp"

namespace octroi {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t shown_names = 6;
constexpr std::size_t shown_examples = 2;

std::string joined(const Names& names, std::size_t shown) {
    std::string text = fmt::format(
        "{}", fmt::join(names.begin(),
                        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), shown)),
                        ", "));
    return names.size() > shown ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

// A category by its name where the services are all of it, or most.
std::string category_text(Category category, const Names& inside, const Names& others) {
    constexpr std::size_t most_others = 6;
    if (others.empty())
        return std::string(to_string(category));
    if (others.size() > most_others || others.size() >= inside.size())
        return "";
    return fmt::format("{} (not {})", to_string(category), fmt::join(others, ", "));
}

// The services of a category: the chosen ones, and the others.
std::pair<Names, Names> parted(Category category, const Catalogue& catalogue, const auto& chosen) {
    std::pair<Names, Names> parts;
    for (const Service& service : catalogue.services())
        if (service.category == category)
            (chosen(service.name) ? parts.first : parts.second).push_back(service.name);
    return parts;
}

std::string services_text(const Names& services, const Catalogue& catalogue) {
    const auto chosen = [&](std::string_view name) {
        return std::ranges::find(services, name) != services.end();
    };
    Names words;
    Names singly;
    std::size_t listed = 0;
    for (std::size_t i = 0; i < category_names.size(); ++i) {
        const auto category = static_cast<Category>(i);
        const auto [inside, others] = parted(category, catalogue, chosen);
        listed += inside.size();
        const std::string text = inside.size() < 2 ? "" : category_text(category, inside, others);
        if (text.empty())
            singly.insert(singly.end(), inside.begin(), inside.end());
        else
            words.push_back(text);
    }
    if (listed == catalogue.services().size())
        words = {"every service"};
    else if (!singly.empty())
        words.push_back(joined(singly, shown_names));
    for (const std::string& name : services)
        if (catalogue.find(name) == nullptr)
            words.push_back(name);
    constexpr std::size_t besides = exception_names.size();  // no service; all but malformed
    if (services.size() == catalogue.services().size() + besides)
        words = {"every flow"};
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string details_text(const FlowDetails& details) {
    Names words;
    for (const auto& [condition, value] : details)
        words.push_back(fmt::format("{} {}", condition, value));
    return fmt::format("{}", fmt::join(words, ", "));
}

// Which flows, beside their clients: "zoom and teams with port 25, for example".
std::string flows_text(const PolicyChange& change, const Catalogue& catalogue) {
    std::string text = services_text(change.services, catalogue);
    if (change.flows.empty())
        return text;
    Names examples;
    for (const FlowDetails& details : change.flows)
        examples.push_back(details_text(details));
    std::string shown;
    for (std::size_t i = 0; i < std::min(shown_examples, examples.size()); ++i)
        shown += fmt::format("{}{}", i == 0 ? "" : "; ", examples[i]);
    if (examples.size() > shown_examples)
        shown += fmt::format("; and {} more", examples.size() - shown_examples);
    return fmt::format("{} with {}", text, shown);
}

std::string effect_text(const Effect& effect) {
    std::string text(to_string(effect.action));
    if (effect.would != effect.action)
        text += fmt::format(" (would {})", to_string(effect.would));
    return effect.rule.empty() ? text : fmt::format("{} by {}", text, effect.rule);
}

std::vector<std::string> change_row(const PolicyChange& change, const Catalogue& catalogue) {
    return {change.clients, effect_text(change.before), "->", effect_text(change.after),
            flows_text(change, catalogue)};
}

void print_changes(const PolicyDiff& diff, const Catalogue& catalogue) {
    Rows settings;
    for (const SettingChange& setting : diff.settings)
        settings.push_back({setting.setting, setting.before, "->", setting.after});
    fmt::print("{}", aligned(settings));
    // All changes of one time stand under it, in the order of the first ones.
    Names times;
    for (const PolicyChange& change : diff.changes)
        if (std::ranges::find(times, change.when) == times.end())
            times.push_back(change.when);
    for (const std::string& time : times) {
        Rows rows;
        for (const PolicyChange& change : diff.changes)
            if (change.when == time)
                rows.push_back(change_row(change, catalogue));
        fmt::print("{}\n{}", time, aligned(rows, 2));
    }
}

void print_recorded(const RecordedFlows& recorded) {
    Rows rows;
    for (const RecordedFlow& flow : recorded.differing)
        rows.push_back({flow.client, flow.server, flow.protocol,
                        flow.service.empty() ? "-" : flow.service,
                        flow.name.empty() ? "-" : flow.name, effect_text(flow.before), "->",
                        effect_text(flow.after)});
    fmt::print("{}: {} of {} flows fare otherwise\n{}", recorded.file, recorded.differing.size(),
               recorded.flows, aligned(rows, 2));
}

Json effect_json(const Effect& effect) {
    return {{"action", to_string(effect.action)},
            {"would", to_string(effect.would)},
            {"rule", effect.rule.empty() ? Json(nullptr) : Json(effect.rule)}};
}

Json change_json(const PolicyChange& change, absl::TimeZone zone) {
    constexpr std::size_t most_spans = 1000;
    Json json{{"when", change.when}, {"spans", Json::array()}, {"clients", change.clients}};
    for (std::size_t i = 0; i < std::min(change.spans.size(), most_spans); ++i)
        json["spans"].push_back({{"from", to_string(change.spans[i].start, zone)},
                                 {"until", to_string(change.spans[i].end, zone)}});
    json["example_clients"] = Json::array();
    for (const Address& client : change.some_clients)
        json["example_clients"].push_back(to_string(client));
    json["services"] = change.services;
    json["flows"] = Json::array();
    for (const FlowDetails& details : change.flows) {
        Json flow = Json::object();
        for (const auto& [condition, value] : details)
            flow[condition] = value;
        json["flows"].push_back(std::move(flow));
    }
    json["old"] = effect_json(change.before);
    json["new"] = effect_json(change.after);
    return json;
}

Json recorded_json(const RecordedFlows& recorded) {
    Json json{{"file", recorded.file},
              {"flows", recorded.flows},
              {"unclear", recorded.unclear},
              {"unreadable", recorded.unreadable},
              {"differing", Json::array()}};
    for (const RecordedFlow& flow : recorded.differing)
        json["differing"].push_back({{"client", flow.client},
                                     {"server", flow.server},
                                     {"proto", flow.protocol},
                                     {"service", flow.service},
                                     {"server_name", flow.name},
                                     {"old", effect_json(flow.before)},
                                     {"new", effect_json(flow.after)}});
    return json;
}

void print_json(const PolicyDiff& diff, const std::vector<RecordedFlows>& recorded,
                absl::TimeZone zone) {
    Json json{{"same", diff.same()},
              {"from", to_string(diff.from, zone)},
              {"until", to_string(diff.until, zone)},
              {"complete", diff.complete},
              {"settings", Json::array()},
              {"changes", Json::array()},
              {"recorded", Json::array()}};
    for (const SettingChange& setting : diff.settings)
        json["settings"].push_back(
            {{"setting", setting.setting}, {"old", setting.before}, {"new", setting.after}});
    for (const PolicyChange& change : diff.changes)
        json["changes"].push_back(change_json(change, zone));
    for (const RecordedFlows& each : recorded)
        json["recorded"].push_back(recorded_json(each));
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void print_text(const PolicyDiff& diff, const std::vector<RecordedFlows>& recorded,
                const PolicyPair& policies) {
    print_changes(diff, policies.catalogue);
    const Policy::Defaults& defaults = policies.after.defaults();
    fmt::print("{}{} from {} until {} ({})\n", diff.same() ? "" : "\n",
               diff.same() ? "no difference" : "compared", to_string(diff.from, defaults.time_zone),
               to_string(diff.until, defaults.time_zone), defaults.zone_name);
    for (const RecordedFlows& each : recorded)
        print_recorded(each);
}

// What stands beside the data: on stderr, whatever the format.
void warn(const PolicyDiff& diff, const std::vector<RecordedFlows>& recorded) {
    if (!diff.complete)
        fmt::print(stderr,
                   "octroi: the policies name too much to try all of it: zones, services and times "
                   "are complete, flows by other conditions are not\n");
    for (const RecordedFlows& each : recorded) {
        if (!each.cut_off.empty())
            fmt::print(stderr, "octroi: {}: ends early: {}\n", each.file, each.cut_off);
        if (each.unreadable != 0)
            fmt::print(stderr, "octroi: {}: {} lines are no event\n", each.file, each.unreadable);
        if (each.unclear != 0)
            fmt::print(stderr,
                       "octroi: {}: {} events tell too little of the client to say: record with "
                       "`clients: full`\n",
                       each.file, each.unclear);
    }
}

bool compare_recorded(const DiffCommand& command, const PolicyPair& policies, Instant at,
                      std::vector<RecordedFlows>& recorded) {
    bool sound = true;
    const auto take = [&](std::expected<RecordedFlows, std::string> flows) {
        if (flows)
            return recorded.push_back(std::move(*flows));
        fmt::print(stderr, "octroi: {}\n", flows.error());
        sound = false;
    };
    for (const std::string& file : command.captures)
        take(compare_capture(file, policies, at));
    for (const std::string& file : command.events)
        take(compare_events(file, policies, command.at ? std::optional(at) : std::nullopt));
    return sound;
}

}  // namespace

ExitCode execute(const DiffCommand& command) {
    const auto before = PolicyTool::load(command.before, command.catalogue);
    const auto after = PolicyTool::load(command.after, command.catalogue);
    for (const auto& tool : {&before, &after})
        if (!*tool) {
            fmt::print(stderr, "{}", tool->error());
            return ExitCode::failed;
        }
    const auto at = after->moment(command.at);
    if (!at) {
        fmt::print(stderr, "octroi: {}\n", at.error());
        return ExitCode::failed;
    }
    const PolicyPair policies{
        .before = before->policy(), .after = after->policy(), .catalogue = after->catalogue()};
    std::vector<RecordedFlows> recorded;
    if (!compare_recorded(command, policies, *at, recorded))
        return ExitCode::failed;
    const PolicyDiff diff = compare(policies.before, policies.after, policies.catalogue, *at);
    if (command.json)
        print_json(diff, recorded, policies.after.defaults().time_zone);
    else
        print_text(diff, recorded, policies);
    warn(diff, recorded);
    const bool same = diff.same() && std::ranges::all_of(recorded, [](const RecordedFlows& each) {
                          return each.differing.empty();
                      });
    const bool whole =
        diff.complete && std::ranges::all_of(recorded, [](const RecordedFlows& each) {
            return each.cut_off.empty() && each.unreadable == 0;
        });
    if (same && !whole)
        return ExitCode::failed;  // that nothing was found says nothing
    return same ? ExitCode::ok : ExitCode::findings;
}

}  // namespace octroi
