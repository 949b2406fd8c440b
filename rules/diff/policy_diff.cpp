#include "rules/diff/policy_diff.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/diff/client_classes.hpp"
#include "rules/diff/example_flows.hpp"

namespace octroi {
namespace {

// Decisions to take at most, about ten seconds' worth; beyond, examples are left out.
constexpr std::size_t max_decisions = 20'000'000;
constexpr std::string_view unnamed_host = "unknown.invalid";  // RFC 6761: nobody's

// What a flow is: of a service, of none, or a case in which there is nothing to decide on.
struct Subject {
    std::string name;
    const Service* service = nullptr;
    std::optional<Exception> exception;
};

// Malformed packets have no flow; where the rules say what an unreadable flow meets, a change of
// theirs is told already.
bool is_subject(Exception exception, const Policy& before, const Policy& after) {
    const auto said = [&](const Policy& policy) {
        return policy.parts().exceptions[static_cast<std::size_t>(exception)].has_value();
    };
    return exception != Exception::malformed && (said(before) || said(after));
}

std::vector<Subject> subjects_of(const Catalogue& catalogue, const Policy& before,
                                 const Policy& after) {
    std::vector<Subject> subjects;
    for (const Service& service : catalogue.services())
        subjects.push_back({.name = service.name, .service = &service, .exception = std::nullopt});
    subjects.push_back(
        {.name = std::string(no_service_name), .service = nullptr, .exception = std::nullopt});
    for (std::size_t i = 0; i < exception_names.size(); ++i)
        if (is_subject(static_cast<Exception>(i), before, after))
            subjects.push_back({.name = fmt::format("exception {}", exception_names[i]),
                                .service = nullptr,
                                .exception = static_cast<Exception>(i)});
    return subjects;
}

// Whether a flow of that example can be the subject.
bool possible(const ExampleFlow& example, const Subject& subject) {
    const bool verifies = subject.service != nullptr && subject.service->verify_addresses;
    if (!example.verified && !verifies)
        return false;
    if (!example.service)
        return true;
    const ServiceId service = subject.service == nullptr ? no_service : subject.service->id;
    return service == *example.service && !subject.exception;
}

// A flow that has shown all that it will ever show.
Facts facts_of(const ExampleFlow& example, const Subject& subject) {
    const bool blank = subject.exception.has_value();
    const bool read = was_read(subject.exception);
    Facts facts{.server = example.server, .port = example.port, .transport = example.transport};
    facts.service_known = read;
    facts.service = subject.service == nullptr ? no_service : subject.service->id;
    facts.strength = subject.service == nullptr ? Strength::none : example.strength;
    facts.service_verified = example.verified;
    facts.name_known = read;
    facts.name = example.name;
    if (subject.service == nullptr && !blank && example.name.empty())
        facts.name = unnamed_host;
    facts.ech = example.ech;
    facts.protocol_known = true;
    facts.protocol = example.protocol;
    facts.application_known = true;
    facts.application = example.application;
    facts.classified_known = true;
    facts.unclassified = blank && read;
    return facts;
}

// A policy at the moment of a situation.
struct Sides {
    Policy before;
    Policy after;
};

using Classes = std::vector<std::size_t>;
using Situations = std::vector<bool>;
using Effects = std::pair<Effect, Effect>;

bool same_actions(const Effects& one, const Effects& other) {
    return one.first.same_action(other.first) && one.second.same_action(other.second);
}

// What happens where no rule decides.
bool defaults_differ(const Policy& before, const Policy& after) {
    return before.defaults().action != after.defaults().action ||
           before.defaults().mode != after.defaults().mode ||
           before.parts().exceptions != after.parts().exceptions;
}

// Whether what `rule` asks of client and service is so.
bool matches_ends(const Rule& rule, const ZoneSet& zones, const Address& client,
                  const Subject& subject) {
    const auto& zone = rule.when.zone;
    if (zone && (zone->values & zones).any() == zone->negated)
        return false;
    if (rule.when.client && rule.when.client->values.contains(client) == rule.when.client->negated)
        return false;
    const ServiceId service = subject.service == nullptr ? no_service : subject.service->id;
    return !rule.when.services ||
           (was_read(subject.exception) && rule.when.services->test(service));
}

class Comparison {
  public:
    Comparison(const Policy& before, const Policy& after, const Catalogue& catalogue, Instant from,
               absl::Duration length)
        : before_(before),
          after_(after),
          timeline_(before, after, from, length),
          clients_(before, after),
          rules_(before, after),
          examples_(example_flows(rules_, catalogue, defaults_differ(before, after))),
          subjects_(subjects_of(catalogue, before, after)) {}

    PolicyDiff run() {
        choose_askers();
        for (std::size_t i = 0; i < timeline_.situations().size(); ++i) {
            const Instant at = timeline_.situations()[i];
            const Sides aspects{.before = before_.at(at), .after = after_.at(at)};
            for (std::size_t subject = 0; subject < subjects_.size(); ++subject)
                compare_subject(aspects, subject, i);
        }
        PolicyDiff diff{.from = timeline_.start(),
                        .until = timeline_.end(),
                        .complete = examples_.complete,
                        .settings = {},
                        .changes = {}};
        compare_settings(diff);
        collect(diff);
        return diff;
    }

  private:
    // Who differs when, of one example and subject and in one way.
    using Found = std::tuple<std::size_t, Effects, std::size_t>;
    using WhenByClass = std::map<std::size_t, Situations>;

    void choose_askers();
    [[nodiscard]] Classes askers_of(const ExampleFlow& example, const Subject& subject) const;
    void compare_subject(const Sides& aspects, std::size_t subject, std::size_t situation);
    void note(std::size_t example, std::size_t subject, Effects effects, std::size_t client,
              std::size_t situation);
    void compare_settings(PolicyDiff& diff) const;
    void collect(PolicyDiff& diff) const;
    [[nodiscard]] PolicyChange change_of(const Effects& effects, const Classes& classes,
                                         const Situations& situations) const;

    const Policy& before_;
    const Policy& after_;
    Timeline timeline_;
    ClientClasses clients_;
    RulePairs rules_;
    ExampleFlows examples_;
    std::vector<std::vector<Classes>> askers_;  ///< by example and subject: who is asked about
    std::vector<Subject> subjects_;
    std::map<Found, WhenByClass> found_;
};

// Of a flow that rules meet in, the clients that they both may match.
Classes Comparison::askers_of(const ExampleFlow& example, const Subject& subject) const {
    Classes askers;
    if (!possible(example, subject))
        return askers;
    const auto may_match = [&](std::uint32_t number, const ClientClass& client) {
        const RulePairs::Entry& entry = rules_.all()[number];
        return matches_ends(*entry.rule, entry.before ? client.zones_before : client.zones_after,
                            client.client, subject);
    };
    for (std::size_t i = 0; i < clients_.all().size(); ++i) {
        const ClientClass& client = clients_.all()[i];
        const bool asks =
            example.meetings.empty() ||
            std::ranges::any_of(example.meetings, [&](const auto& meeting) {
                return may_match(meeting.first, client) && may_match(meeting.second, client);
            });
        if (asks)
            askers.push_back(i);
    }
    return askers;
}

// The ordinary flow is always compared in full.
void Comparison::choose_askers() {
    std::size_t decisions = 0;
    for (std::size_t i = 0; i < examples_.all.size(); ++i) {
        std::vector<Classes>& askers = askers_.emplace_back();
        for (const Subject& subject : subjects_) {
            askers.push_back(askers_of(examples_.all[i], subject));
            decisions += askers.back().size() * timeline_.situations().size();
        }
        if (i == 0 || decisions <= max_decisions)
            continue;
        examples_.all.resize(i);
        examples_.complete = false;
    }
}

void Comparison::compare_subject(const Sides& aspects, std::size_t subject, std::size_t situation) {
    const std::optional<Exception> exception = subjects_[subject].exception;
    std::vector<Effects> ordinary;  // by class of clients
    for (std::size_t i = 0; i < examples_.all.size(); ++i) {
        if (askers_[i][subject].empty())
            continue;
        const Facts facts = facts_of(examples_.all[i], subjects_[subject]);
        for (const std::size_t client : askers_[i][subject]) {
            const Effects effects =
                effects_on(aspects.before, aspects.after, clients_.all()[client], facts, exception);
            if (i == 0)
                ordinary.push_back(effects);
            const bool as_ordinary = i != 0 && same_actions(effects, ordinary[client]);
            if (!as_ordinary && !effects.first.same_action(effects.second))
                note(i, subject, effects, client, situation);
        }
    }
}

void Comparison::note(std::size_t example, std::size_t subject, Effects effects, std::size_t client,
                      std::size_t situation) {
    Situations& situations = found_[{example, std::move(effects), subject}][client];
    situations.resize(timeline_.situations().size());
    situations[situation] = true;
}

std::string listed(std::string_view nothing, const std::vector<std::string>& all) {
    return all.empty() ? std::string(nothing) : fmt::format("{}", fmt::join(all, ", "));
}

std::string prefixes_of(const Policy& policy) {
    std::vector<std::string> all;
    for (const Nat64Prefix& prefix : policy.nat64())
        all.push_back(to_string(prefix.network()));
    return listed("none", all);
}

std::string resolvers_of(const Policy& policy) {
    std::vector<std::string> all;
    for (const Network& network : policy.resolvers().list)
        all.push_back(to_string(network));
    return listed("any", all);
}

std::string undecided_bound(const Policy& policy) {
    const std::size_t octets = policy.defaults().undecided_octets;
    return octets == 0 ? std::string("no bound") : fmt::format("{}", octets / 1024);
}

void Comparison::compare_settings(PolicyDiff& diff) const {
    const auto note = [&](std::string setting, std::string_view before, std::string_view after) {
        if (before != after)
            diff.settings.push_back({.setting = std::move(setting),
                                     .before = std::string(before),
                                     .after = std::string(after)});
    };
    const auto flag = [](bool value) { return value ? "true" : "false"; };
    const auto grace = [](const Policy& policy) {
        return fmt::format("{}", policy.defaults().midstream_grace.count());
    };
    note("defaults: believe", to_string(before_.defaults().believe),
         to_string(after_.defaults().believe));
    note("defaults: midstream_grace_minutes", grace(before_), grace(after_));
    note("defaults: undecided_kib", undecided_bound(before_), undecided_bound(after_));
    note("resolvers", resolvers_of(before_), resolvers_of(after_));
    note("nat64", prefixes_of(before_), prefixes_of(after_));
    note("names: refuse", flag(before_.names().refuse), flag(after_.names().refuse));
    note("names: strip_ech", flag(before_.names().strip_ech), flag(after_.names().strip_ech));
    // Malformed packets are refused before any rule; monitor mode lets them pass.
    const auto malformed = [](const Policy& policy) {
        return policy.defaults().mode == Mode::enforce
                   ? to_string(policy.exception_action(Exception::malformed))
                   : std::string_view("accept");
    };
    note("exceptions: malformed", malformed(before_), malformed(after_));
}

PolicyChange Comparison::change_of(const Effects& effects, const Classes& classes,
                                   const Situations& situations) const {
    PolicyChange change{.spans = timeline_.spans(situations),
                        .when = timeline_.text(situations),
                        .clients = clients_.text(classes),
                        .some_clients = {},
                        .services = {},
                        .flows = {},
                        .before = effects.first,
                        .after = effects.second};
    for (const std::size_t i : classes)
        change.some_clients.push_back(clients_.all()[i].client);
    return change;
}

// Joins what was found: clients that differ at the same times, then services of the same clients
// and times, then examples of the same services, clients and times.
void Comparison::collect(PolicyDiff& diff) const {
    using Place = std::tuple<Situations, Classes, Effects>;
    std::map<std::pair<std::size_t, Place>, Classes> subjects;
    for (const auto& [found, whens] : found_) {
        const auto& [example, effects, subject] = found;
        std::map<Situations, Classes> joined;
        for (const auto& [client, situations] : whens)
            joined[situations].push_back(client);
        for (const auto& [situations, classes] : joined)
            subjects[{example, {situations, classes, effects}}].push_back(subject);
    }
    std::map<std::tuple<bool, Place, Classes>, std::vector<std::size_t>> groups;
    for (const auto& [key, who] : subjects)
        groups[{key.first != 0, key.second, who}].push_back(key.first);
    for (const auto& [key, examples] : groups) {
        const auto& [example, place, who] = key;
        const auto& [situations, classes, effects] = place;
        PolicyChange change = change_of(effects, classes, situations);
        for (const std::size_t i : who)
            change.services.push_back(subjects_[i].name);
        for (const std::size_t i : examples)
            if (i != 0)
                change.flows.push_back(examples_.all[i].details);
        diff.changes.push_back(std::move(change));
    }
    std::ranges::stable_sort(diff.changes, [](const PolicyChange& a, const PolicyChange& b) {
        const auto rank = [](const PolicyChange& change) {
            return std::tuple(!change.flows.empty(), change.spans.front().start,
                              change.spans.size(), -absl::ToUnixSeconds(change.spans.back().end));
        };
        return rank(a) < rank(b);
    });
}

}  // namespace

Effect effect_of(const Decision& decision) {
    const Outcome& enforced = decision.enforced;
    const Rule* rule = decision.rule();
    return {.action = enforced.action,
            .would = decision.would.settled ? decision.would.action : enforced.action,
            .rule = rule == nullptr ? "" : rule->name};
}

std::pair<Effect, Effect> effects_on(const Policy& before, const Policy& after,
                                     const ClientClass& client, Facts facts,
                                     std::optional<Exception> exception) {
    facts.client = client.client;
    facts.zones = client.zones_before;
    facts.server_inside = before.inside(facts.server);
    Effect effect = effect_of(before.decide(facts, exception));
    facts.server_inside = after.inside(facts.server);
    facts.zones = client.zones_after;
    return {std::move(effect), effect_of(after.decide(facts, exception))};
}

PolicyDiff compare(const Policy& before, const Policy& after, const Catalogue& catalogue,
                   Instant from, absl::Duration length) {
    return Comparison(before, after, catalogue, from, length).run();
}

}  // namespace octroi
