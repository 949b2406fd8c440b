#include "daemon/commands/recorded_flows.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "daemon/commands/text_output.hpp"
#include "daemon/replay/replay.hpp"
#include "metrics/events/event_file.hpp"
#include "metrics/events/event_reader.hpp"
#include "rules/diff/client_classes.hpp"

namespace octroi {
namespace {

std::expected<Replayed, std::string> replay_with(const std::string& path, const Policy& policy,
                                                 const Catalogue& catalogue) {
    SeriesRegistry registry(1);
    const Ruleset ruleset =
        make_ruleset(std::make_shared<const Catalogue>(catalogue), policy, registry);
    return replay_capture(path, ruleset, registry);
}

Effect effect_of_record(const FlowRecord& record) {
    return {.action = record.action, .would = record.would, .rule = record.rule};
}

// A decision event as far as a policy may ask about it.
struct DecidedFlow {
    std::optional<Instant> time;
    std::optional<Endpoint> client;
    std::string zone;
    Endpoint server;
    std::string protocol;
    std::string service;
    std::string name;
    std::string speaks;
    std::string application;
    Facts facts;  ///< without zones and client
    std::optional<Exception> exception;
};

Transport transport_named(std::string_view protocol) {
    if (protocol == "TCP")
        return Transport::tcp;
    if (protocol == "UDP")
        return Transport::udp;
    return protocol == "ICMP" || protocol == "ICMPV6" ? Transport::icmp : Transport::other;
}

Strength strength_named(std::string_view word) {
    for (std::size_t i = 0; i < strength_count; ++i)
        if (word == to_string(static_cast<Strength>(i)))
            return static_cast<Strength>(i);
    return Strength::none;
}

bool owns(const Service& service, const Address& address, const PolicyPair& policies) {
    return policies.catalogue.owns_address(service, address, policies.before.nat64()) ||
           policies.catalogue.owns_address(service, address, policies.after.nat64());
}

bool decided_by_address(const RecordedEvent& line) {
    return line.evidence_kind() == "address";
}

std::optional<Exception> exception_named(std::string_view word) {
    const auto found = std::ranges::find(exception_names, word);
    if (found == exception_names.end())
        return std::nullopt;
    return static_cast<Exception>(found - exception_names.begin());
}

// What the flow showed, as daemon/engine/evaluation.cpp told it to the policy at its decision.
void fill_facts(DecidedFlow& event, const RecordedEvent& object, const PolicyPair& policies) {
    Facts& facts = event.facts;
    facts.server = event.server.address;
    facts.port = event.server.port;
    facts.transport = transport_named(event.protocol);
    const Service* service = policies.catalogue.find(event.service);
    const bool read = was_read(event.exception);
    facts.service_known = read || decided_by_address(object);
    facts.service = service == nullptr ? no_service : service->id;
    facts.strength = strength_named(object.text("strength"));
    facts.service_verified = service == nullptr || !service->verify_addresses ||
                             decided_by_address(object) || owns(*service, facts.server, policies);
    facts.name_known = read;
    facts.name = event.name;
    facts.ech = object.text("ech") == "used";
    // A refused DNS answer is about a flow that does not exist yet.
    const bool lookup = event.speaks == "DNS" && object.text("decided_at_packet") == "0";
    facts.server_known = !lookup;
    facts.protocol_known = !lookup;
    facts.protocol = event.speaks;
    facts.application_known = !lookup;
    facts.application = event.application;
    facts.classified_known = true;
    facts.unclassified =
        event.exception == Exception::unclassified || event.exception == Exception::midstream;
}

// What a line of a file of events is to a comparison of policies.
enum class Line : std::uint8_t { flow, unclear, other, unreadable };

// Earlier events had no type but `decision`. Malformed packets have no flow, and so no `proto`.
Line kind_of(const RecordedEvent& object) {
    const std::string_view type = object.type();
    if (type == "flow" || type == "policy" || type == "health")
        return Line::other;
    if (object.text("exception") == "malformed")
        return Line::other;
    if (object.server())
        return Line::flow;
    const bool hidden = object.has("dest_pseudonym") || object.has("dest_port");
    return hidden ? Line::unclear : Line::unreadable;
}

// In place: facts borrow the event's texts.
Line read_event(DecidedFlow& event, const std::string& line, const PolicyPair& policies) {
    const auto object = RecordedEvent::read(line);
    if (!object)
        return Line::unreadable;
    if (const Line kind = kind_of(*object); kind != Line::flow)
        return kind;
    event.time = object->time();
    event.client = object->client();
    event.zone = object->text("zone");
    event.protocol = object->text("proto");
    event.service = object->text("service");
    event.name = object->text("server_name");
    if (parse_address(event.name))  // the client named no host
        event.name.clear();
    event.speaks = object->text("protocol");
    event.application = object->text("application");
    event.exception = exception_named(object->text("exception"));
    event.server = object->server().value_or(Endpoint{});
    fill_facts(event, *object, policies);
    return Line::flow;
}

// A policy as it stood at the times of events, which come nearly in order.
class MovingPolicy {
  public:
    explicit MovingPolicy(Policy policy) : policy_(std::move(policy)) {}

    const Policy& at(Instant moment) {
        const auto edge = policy_.next_edge();
        if (moment < policy_.moment() || (edge && *edge <= moment))
            policy_ = policy_.at(moment);
        return policy_;
    }

  private:
    Policy policy_;
};

// The zone that an event names may be one by interface.
ZoneSet zones_in(const Policy& policy, const Address& client, std::string_view zone) {
    ZoneSet zones = policy.zones_of(client);
    for (std::size_t i = 0; i < policy.zones().size(); ++i)
        if (policy.zones()[i].name == zone && !policy.zones()[i].interfaces.empty())
            zones.set(i);
    return zones;
}

std::string label_of(const Policy& policy, const ClientClass& client) {
    const auto zone = policy.label_zone(client.client, client.zones_before);
    return zone ? policy.zones()[*zone].name : "";
}

class EventComparison {
  public:
    EventComparison(const PolicyPair& policies, std::optional<Instant> at)
        : policies_(policies),
          at_(at),
          before_(policies.before),
          after_(policies.after),
          classes_(policies.before, policies.after) {}

    void take(const std::string& line, RecordedFlows& result) {
        DecidedFlow event;
        const Line kind = read_event(event, line, policies_);
        if (kind != Line::flow) {
            result.unreadable += kind == Line::unreadable ? 1 : 0;
            result.unclear += kind == Line::unclear ? 1 : 0;
            return;
        }
        const Instant moment = at_ ? *at_ : event.time.value_or(absl::Now());
        const auto effects = ask(event, before_.at(moment), after_.at(moment));
        if (!effects) {
            ++result.unclear;
            return;
        }
        ++result.flows;
        if (effects->first.same_action(effects->second))
            return;
        result.differing.push_back(
            {.client = event.client ? endpoint_text(*event.client)
                                    // NOLINTNEXTLINE(readability-avoid-nested-conditional-operator)
                                    : (event.zone.empty() ? "no zone" : event.zone),
             .server = endpoint_text(event.server),
             .protocol = event.protocol,
             .service = event.service,
             .name = event.name,
             .before = effects->first,
             .after = effects->second});
    }

  private:
    using Effects = std::pair<Effect, Effect>;

    // Nothing where the answer depends on which client of its zone it was.
    [[nodiscard]] std::optional<Effects> ask(const DecidedFlow& event, const Policy& before,
                                             const Policy& after) const {
        if (event.client)
            return effects_on(before, after,
                              {.client = event.client->address,
                               .interface = "",
                               .zones_before = zones_in(before, event.client->address, event.zone),
                               .zones_after = zones_in(after, event.client->address, event.zone),
                               .shares = {}},
                              event.facts, event.exception);
        std::optional<Effects> effects;
        for (const ClientClass& client : classes_.all()) {
            if (label_of(before, client) != event.zone)
                continue;
            Effects here = effects_on(before, after, client, event.facts, event.exception);
            if (effects && (!here.first.same_action(effects->first) ||
                            !here.second.same_action(effects->second)))
                return std::nullopt;
            effects = std::move(here);
        }
        return effects;
    }

    const PolicyPair& policies_;
    std::optional<Instant> at_;
    MovingPolicy before_;
    MovingPolicy after_;
    ClientClasses classes_;
};

}  // namespace

std::expected<RecordedFlows, std::string> compare_capture(const std::string& path,
                                                          const PolicyPair& policies, Instant at) {
    auto before = replay_with(path, policies.before.at(at), policies.catalogue);
    if (!before)
        return std::unexpected(std::move(before.error()));
    auto after = replay_with(path, policies.after.at(at), policies.catalogue);
    if (!after)
        return std::unexpected(std::move(after.error()));
    RecordedFlows result{.file = path, .cut_off = after->cut_off};
    // The engine tells flows apart without asking the policy.
    result.flows = std::min(before->flows.size(), after->flows.size());
    for (std::size_t i = 0; i < result.flows; ++i) {
        const FlowRecord& flow = after->flows[i];
        const Effect old_effect = effect_of_record(before->flows[i]);
        const Effect new_effect = effect_of_record(flow);
        if (old_effect.same_action(new_effect))
            continue;
        result.differing.push_back({.client = endpoint_text(flow.source),
                                    .server = endpoint_text(flow.destination),
                                    .protocol = protocol_name(flow.protocol),
                                    .service = flow.service,
                                    .name = flow.server_name,
                                    .before = old_effect,
                                    .after = new_effect});
    }
    return result;
}

std::expected<RecordedFlows, std::string> compare_events(const std::string& path,
                                                         const PolicyPair& policies,
                                                         std::optional<Instant> at) {
    auto file = EventFile::open(path);
    if (!file)
        return std::unexpected(std::move(file.error()));
    RecordedFlows result{.file = path};
    EventComparison comparison(policies, at);
    std::string line;
    for (auto next = file->next(line); next != EventFile::Next::end; next = file->next(line))
        if (next == EventFile::Next::too_long)
            ++result.unreadable;
        else if (!line.empty())
            comparison.take(line, result);
    result.cut_off = file->cut_off();
    return result;
}

}  // namespace octroi
