#include "rules/policy/policy_query.hpp"

namespace octroi {
namespace {

// Of the rest of such a flow its ends are known, and no name.
bool is_unread(const PolicyQuery& question) {
    return !was_read(question.exception);
}

Identification identify(const Catalogue& catalogue, const Policy& policy,
                        const PolicyQuery& question) {
    Findings findings;
    if (question.name && !is_unread(question)) {
        findings.server_name = *question.name;
        findings.name_kind = EvidenceKind::tls_sni;
    }
    if (question.name || question.complete)
        findings.end(findings.server_name.empty() ? Ending::nothing_more : Ending::named);
    const Protocol protocol = question.transport == Transport::udp ? Protocol::udp : Protocol::tcp;
    return catalogue.identify(findings, {.client = question.client,
                                         .server = {.address = question.address.value_or(Address()),
                                                    .port = question.port.value_or(0)},
                                         .protocol = protocol,
                                         .hints = {},
                                         .nat64 = policy.nat64()});
}

Facts facts_of(const Policy& policy, const PolicyQuery& question, const Identification& found) {
    const bool unread = is_unread(question);
    const bool named = !unread && (question.name.has_value() || question.complete);
    Facts facts{.zones = policy.zones_of(question.client), .client = question.client};
    if (question.interface)
        facts.zones |= policy.zones_of_interface(*question.interface);
    else
        facts.open_zones = policy.zones_by_interface() & ~facts.zones;
    facts.server_known = question.address && question.port && question.transport;
    facts.server = question.address.value_or(Address());
    facts.server_inside = policy.inside(facts.server);
    facts.port = question.port.value_or(0);
    facts.transport = question.transport.value_or(Transport::tcp);
    facts.service_known =
        question.service.has_value() || (unread ? found.service != nullptr : found.settled);
    facts.service = found.service == nullptr ? no_service : found.service->id;
    facts.strength = question.strength.value_or(found.strength);
    facts.service_verified = found.verified || !question.address;
    facts.name_known = named;
    facts.name = named && question.name ? std::string_view(*question.name) : std::string_view();
    facts.ech = question.ech;
    facts.protocol_known = question.complete || question.protocol.has_value();
    facts.protocol = question.protocol ? std::string_view(*question.protocol) : std::string_view();
    facts.application_known = question.complete || question.application.has_value();
    if (question.application)
        facts.application = *question.application;
    facts.classified_known = named || unread;
    facts.unclassified = named && facts.service == no_service && facts.name.empty();
    return facts;
}

}  // namespace

Answer ask(const Policy& policy, const Catalogue& catalogue, const PolicyQuery& question) {
    Answer answer;
    answer.identification = identify(catalogue, policy, question);
    if (question.service)
        answer.identification = {.service = catalogue.find(*question.service),
                                 .strength = Strength::observed,
                                 .settled = true,
                                 .verified = true};
    answer.service = answer.identification.service;
    answer.facts = facts_of(policy, question, answer.identification);
    answer.decision = policy.decide(answer.facts, question.exception);
    for (std::size_t i = 0; i < policy.rules().size(); ++i) {
        const Rule& rule = policy.rules()[i];
        RuleTrace trace{.rule = &rule,
                        .active = policy.active(i),
                        .mode = policy.mode_for(rule, answer.facts),
                        .truth = Truth::yes,
                        .conditions = {}};
        for (const ConditionTruth& each : conditions_of(rule, answer.facts))
            trace.conditions.push_back(each);
        trace.truth = matches(rule, answer.facts);
        answer.walked.push_back(std::move(trace));
        const bool stops = policy.active(i) && answer.walked.back().truth != Truth::no;
        if (stops && answer.walked.back().mode == Mode::enforce)
            break;
    }
    return answer;
}

}  // namespace octroi
