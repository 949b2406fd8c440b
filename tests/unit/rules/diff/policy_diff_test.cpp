// Examples of what a difference says, then properties over random policies: a policy does not
// differ from itself, and what differs between two policies that ask for zones, services and times
// alone is in their difference, and nothing else is.
#include "rules/diff/policy_diff.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <doctest/doctest.h>

#include "tests/policy/random_policy.hpp"
#include "tests/policy/samples.hpp"

using namespace octroi;
using random_policy::Generator;
using samples::address;
using samples::policy;

namespace {

const Catalogue& catalogue() {
    static const Catalogue built = samples::catalogue();
    return built;
}

Instant moment(std::string_view text) {
    return parse_moment(text, absl::UTCTimeZone()).value();
}

const Instant november = moment("2026-11-22");

PolicyDiff difference(const std::string& before, const std::string& after) {
    return compare(policy("octroi: 1\n" + before), policy("octroi: 1\n" + after), catalogue(),
                   november);
}

std::string effect_text(const Effect& effect) {
    return std::string(to_string(effect.action)) + "/" + std::string(to_string(effect.would)) +
           (effect.rule.empty() ? "" : " by " + effect.rule);
}

// "WHEN: CLIENTS: SERVICES [with DETAILS]: OLD -> NEW", a line a change.
std::vector<std::string> lines(const PolicyDiff& diff) {
    std::vector<std::string> lines;
    for (const PolicyChange& change : diff.changes) {
        std::string text = change.when + ": " + change.clients + ":";
        for (const std::string& service : change.services)
            text += " " + service;
        for (const FlowDetails& details : change.flows) {
            text += change.flows.data() == &details ? " with" : " or";
            for (const auto& [condition, value] : details)
                text += " " + std::string(condition) + " " + value;
        }
        lines.push_back(text + ": " + effect_text(change.before) + " -> " +
                        effect_text(change.after));
    }
    return lines;
}

using Lines = std::vector<std::string>;

constexpr const char* zones = "zones: {pilot: [10.20.4.0/24], interior: [10.20.0.0/16]}\n";

std::string in_zones(const std::string& rules) {
    return zones + ("rules:\n" + rules);
}

}  // namespace

TEST_SUITE("policy diff") {
    TEST_CASE("a rule that is enforced for one zone changes its services there alone") {
        const auto diff = difference(
            in_zones("- {name: a, when: {category: messaging}, then: reject, mode: monitor}\n"),
            in_zones("- {name: b, when: {zone: pilot, category: messaging}, then: reject}\n"
                     "- {name: a, when: {category: messaging}, then: reject, mode: monitor}\n"));
        CHECK(lines(diff) ==
              Lines{"at any time: pilot: tchap signal: accept/reject by a -> reject/reject by b"});
        CHECK_FALSE(diff.same());
        CHECK(diff.complete);
    }

    TEST_CASE("text, comments, names and an order without effect are no difference") {
        CHECK(difference(in_zones("- {name: a, when: {service: zoom}, then: reject, reason: r}\n"
                                  "- {name: b, when: {service: x}, then: drop}\n"),
                         in_zones("- {name: c, when: {service: x}, then: drop, log: true}\n"
                                  "# nothing\n"
                                  "- {name: a, when: {vendor: Zoom}, then: reject}\n"))
                  .same());
        CHECK(difference("rules: [{name: a, when: {service: zoom}, then: accept}]\n", "rules: []\n")
                  .same());
    }

    TEST_CASE("dates and hours tell when") {
        const std::string rule = "rules: [{name: a, when: {service: zoom}, then: reject";
        CHECK(
            lines(difference("rules: []\n", rule + ", from: 2026-12-01, until: 2026-12-31}]\n")) ==
            Lines{"from 2026-12-01 until 2027-01-01: every client: zoom: "
                  "accept/accept -> reject/reject by a"});
        CHECK(lines(difference("rules: []\n", rule + ", hours: Mon-Fri 07:00-20:00}]\n")) ==
              Lines{"Mon-Fri 07:00-20:00: every client: zoom: "
                    "accept/accept -> reject/reject by a"});
        CHECK(lines(difference(rule + "}]\n", rule + ", hours: \"22:00-06:00\"}]\n")) ==
              Lines{"outside 22:00-06:00: every client: zoom: "
                    "reject/reject by a -> accept/accept"});
        CHECK(lines(difference(rule + ", hours: Mon-Fri 07:00-20:00}]\n",
                               rule + ", hours: Mon-Fri 08:00-18:00}]\n")) ==
              Lines{"Mon-Fri 07:00-08:00, Mon-Fri 18:00-20:00: every client: zoom: "
                    "reject/reject by a -> accept/accept"});
    }

    TEST_CASE("a share of clients is told by its rollout") {
        const auto rollout = [](const std::string& stage) {
            return in_zones(
                "- {name: a, when: {zone: interior, service: zoom}, then: reject, "
                "rollout: [{from: 2026-01-01, percent: " +
                stage + "}]}\n");
        };
        CHECK(lines(difference(rollout("25"), rollout("50"))) ==
              Lines{"at any time: 25-50 % of a in interior, pilot: zoom: "
                    "accept/reject by a -> reject/reject by a"});
    }

    TEST_CASE("clients that change zones are told") {
        const auto diff =
            difference(in_zones("- {name: a, when: {zone: pilot, service: zoom}, then: reject}\n"),
                       "zones: {pilot: [10.20.4.0/25], interior: [10.20.0.0/16]}\nrules:\n"
                       "- {name: a, when: {zone: pilot, service: zoom}, then: reject}\n");
        CHECK(lines(diff) == Lines{"at any time: interior (was pilot): zoom: "
                                   "reject/reject by a -> accept/accept"});
        REQUIRE(diff.changes.size() == 1);
        CHECK(diff.changes[0].some_clients == std::vector{address("10.20.4.129")});
    }

    TEST_CASE("clients of an interface are told") {
        const std::string wifi = "zones: {wifi: {interfaces: [wlan0]}}\n";
        CHECK(lines(difference(wifi + "rules: []\n",
                               wifi + "rules: [{name: a, when: {zone: wifi, service: x}, "
                                      "then: drop}]\n")) ==
              Lines{"at any time: wifi: x: accept/accept -> drop/drop by a"});
    }

    TEST_CASE("what conditions ask for beyond zone and service comes as examples") {
        const auto rules = [](const std::string& condition) {
            return lines(difference("rules: []\n", "rules: [{name: a, when: {service: x, " +
                                                       condition + "}, then: reject}]\n"));
        };
        const std::string change = ": accept/accept -> reject/reject by a";
        CHECK(rules("port: 25-30") == Lines{"at any time: every client: x with port 25" + change});
        CHECK(rules("transport: udp") ==
              Lines{"at any time: every client: x with transport udp" + change});
        CHECK(rules("name: www.x.com") ==
              Lines{"at any time: every client: x with name www.x.com" + change});
        CHECK(rules("address: 192.0.2.0/24") ==
              Lines{"at any time: every client: x with address 192.0.2.1" + change});
        CHECK(rules("protocol: QUIC, transport: udp, port: 8443") ==
              Lines{"at any time: every client: x with port 8443 transport udp protocol QUIC" +
                    change});
        CHECK(rules("strength: certain") ==
              Lines{"at any time: every client: x with strength certain" + change});
        CHECK(rules("ech: true") == Lines{"at any time: every client: x with ech true" + change});
        CHECK(rules("client: 10.9.9.9") ==
              Lines{"at any time: some, as 10.9.9.9, in no zone: x" + change});
    }

    TEST_CASE("rules that change places differ where both match") {
        const std::string one = "- {name: a, when: {address: 192.0.2.0/24}, then: accept}\n";
        const std::string other = "- {name: b, when: {port: 25}, then: reject}\n";
        const auto diff = difference("rules:\n" + one + other, "rules:\n" + other + one);
        REQUIRE(diff.changes.size() == 1);
        const PolicyChange& change = diff.changes[0];
        CHECK(change.flows == std::vector<FlowDetails>{{{"address", "192.0.2.1"}, {"port", "25"}}});
        CHECK(change.before.rule == "a");
        CHECK(change.after.rule == "b");
    }

    TEST_CASE("a name added to a list is found among those that were there") {
        const auto rules = [](const std::string& names) {
            return "lists: {l: [a.example, b.example" + names +
                   "]}\nrules: [{name: a, when: {name: $l}, then: drop}]\n";
        };
        CHECK(lines(difference(rules(""), rules(", c.example"))) ==
              Lines{"at any time: every client: no service with name c.example: "
                    "accept/accept -> drop/drop by a"});
    }

    TEST_CASE("the default action, exceptions and what happens to DNS names are compared") {
        const auto diff = difference("rules: []\n",
                                     "exceptions: {ambiguous: reject}\n"
                                     "names: {refuse: true}\n"
                                     "nat64: [\"2001:db8:64::/96\"]\nrules: []\n");
        CHECK(lines(diff) == Lines{"at any time: every client: exception ambiguous: "
                                   "drop/drop -> reject/reject"});
        REQUIRE(diff.settings.size() == 2);
        CHECK(diff.settings[0].setting == "nat64");
        CHECK(diff.settings[0].before == "none");
        CHECK(diff.settings[0].after == "2001:db8:64::/96");
        CHECK(diff.settings[1].setting == "names: refuse");
        const auto closed = difference("rules: []\n", "defaults: {action: drop}\nrules: []\n");
        REQUIRE(closed.changes.size() == 1);
        // Every service, none, and midstream and unclassified, which follow the default.
        CHECK(closed.changes[0].services.size() == catalogue().services().size() + 3);
    }

    TEST_CASE("what lies behind the compared time is not told") {
        CHECK(
            difference("rules: []\n", "rules: [{name: a, then: drop, from: 2028-01-01}]\n").same());
    }
}

namespace {

constexpr std::array<std::string_view, 6> dates = {"2026-11-01", "2026-11-25", "2026-12-01",
                                                   "2026-12-24", "2027-01-01", "2029-01-01"};
constexpr std::array<std::string_view, 4> hours = {"Mon-Fri 07:00-20:00", "22:00-06:00",
                                                   "Sat,Sun 00:00-24:00", "Tue 10:00-11:30"};

// A rule that asks for its zone, its service and the time.
std::string any_rule(Generator& generator, int number) {
    std::string text = "- {name: r" + std::to_string(number) + ", then: ";
    text += random_policy::actions[generator.below(3)];
    text += ", when: {";
    if (generator.below(2) == 0)
        text += "zone: " + std::string(generator.one_of(random_policy::zones).first) + ", ";
    if (generator.below(3) != 0)
        text += "service: [" + std::string(generator.one_of(catalogue().services()).name) + ", " +
                std::string(generator.one_of(catalogue().services()).name) + "]";
    text += "}";
    if (generator.below(3) == 0)
        text += ", from: " + std::string(dates[generator.below(3)]);
    if (generator.below(3) == 0)
        text += ", until: " + std::string(dates[3 + generator.below(3)]);
    if (generator.below(3) == 0)
        text += ", hours: \"" + std::string(generator.one_of(hours)) + "\"";
    const std::size_t kind = generator.below(4);
    if (kind == 0)
        text += ", mode: monitor";
    if (kind == 1)
        text += ", rollout: [{from: " + std::string(generator.one_of(dates)) + ", zone: pilot}, " +
                "{from: " + std::string(generator.one_of(dates)) + "}]";
    return text + "}\n";
}

struct RandomPolicy {
    std::string head;
    std::vector<std::string> rules;

    [[nodiscard]] Policy read() const {
        std::string text = head;
        for (const std::string& rule : rules)
            text += rule;
        return policy(text);
    }
};

RandomPolicy any_policy(Generator& generator) {
    RandomPolicy any{.head = "octroi: 1\ndefaults: {timezone: Europe/Paris}\nzones:\n",
                     .rules = {}};
    for (const auto& [name, networks] : random_policy::zones)
        any.head += "  " + std::string(name) + ": " + random_policy::list_of(networks) + "\n";
    any.head += "rules:\n";
    for (int i = 0; i < 4; ++i)
        any.rules.push_back(any_rule(generator, i));
    return any;
}

// An edit or two.
RandomPolicy edited(RandomPolicy policy, Generator& generator) {
    for (std::size_t i = 0; i < 1 + generator.below(2); ++i) {
        const std::size_t place = generator.below(policy.rules.size());
        switch (generator.below(3)) {
            case 0:
                policy.rules[place] = any_rule(generator, 10 + static_cast<int>(i));
                break;
            case 1:
                std::swap(policy.rules[place], policy.rules.front());
                break;
            default:
                policy.rules.insert(policy.rules.begin() + static_cast<std::ptrdiff_t>(place),
                                    any_rule(generator, 20 + static_cast<int>(i)));
        }
    }
    return policy;
}

// A flow that asks for nothing but its zone and service.
Effect effect_on(const Policy& policy, const Address& client, const Service* service) {
    Facts facts{.zones = policy.zones_of(client), .client = client, .port = 443};
    facts.service_known = facts.name_known = facts.protocol_known = true;
    facts.application_known = facts.classified_known = true;
    facts.service = service == nullptr ? no_service : service->id;
    facts.name = service == nullptr ? "unknown.invalid" : "";
    return effect_of(policy.decide(facts));
}

// The change that a flow at a moment falls under, if any.
const PolicyChange* change_for(const PolicyDiff& diff, const Policy& policy, const Address& client,
                               const Service* service, Instant at) {
    const std::string name(service == nullptr ? no_service_name : service->name);
    for (const PolicyChange& change : diff.changes) {
        const bool when = std::ranges::any_of(
            change.spans, [&](const Span& span) { return span.start <= at && at < span.end; });
        const bool who = std::ranges::any_of(change.some_clients, [&](const Address& each) {
            return policy.zones_of(each) == policy.zones_of(client);
        });
        if (when && who && change.flows.empty() &&
            std::ranges::find(change.services, name) != change.services.end())
            return &change;
    }
    return nullptr;
}

constexpr unsigned pair_count = 300;
constexpr int flows_each = 60;

}  // namespace

TEST_SUITE("policy diff properties") {
    TEST_CASE("a policy does not differ from itself") {
        for (unsigned seed = 0; seed < 300; ++seed) {
            CAPTURE(seed);
            Generator generator(seed);
            const Policy timed = any_policy(generator).read();
            REQUIRE(compare(timed, timed, catalogue(), november).same());
            std::vector<Finding> findings;
            const auto other =
                read_policy(samples::document(random_policy::yaml_of(generator.any_spec())),
                            catalogue(), findings);
            if (other)
                REQUIRE(compare(*other, *other, catalogue(), november).same());
        }
    }

    TEST_CASE("a flow differs exactly where the difference says so, and as it says") {
        constexpr std::array<std::string_view, 5> clients = {"10.20.4.7", "10.20.4.77", "10.20.9.9",
                                                             "10.30.1.1", "198.51.100.9"};
        std::size_t differing = 0;
        std::size_t alike = 0;
        for (unsigned seed = 0; seed < pair_count; ++seed) {
            Generator generator(seed);
            const RandomPolicy one = any_policy(generator);
            const RandomPolicy other = edited(one, generator);
            const Policy before = one.read();
            const Policy after = other.read();
            const PolicyDiff diff = compare(before, after, catalogue(), november);
            CAPTURE(seed);
            for (int i = 0; i < flows_each; ++i) {
                const Address client = address(generator.one_of(clients));
                const Service* service =
                    generator.below(5) == 0 ? nullptr : &generator.one_of(catalogue().services());
                const Instant at = november + absl::Minutes(generator.below(400UL * 24 * 60));
                const Effect old_effect = effect_on(before.at(at), client, service);
                const Effect new_effect = effect_on(after.at(at), client, service);
                const PolicyChange* change = change_for(diff, before, client, service, at);
                REQUIRE((change != nullptr) == !old_effect.same_action(new_effect));
                ++(change == nullptr ? alike : differing);
                if (change == nullptr)
                    continue;
                REQUIRE(change->before == old_effect);
                REQUIRE(change->after == new_effect);
            }
        }
        MESSAGE(differing, " flows differed, ", alike, " did not");
        CHECK(differing > 1000);
        CHECK(alike > 1000);
    }
}
