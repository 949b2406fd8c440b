#include "daemon/gateway/flow_accounting.hpp"

#include <functional>

#include <pthread.h>

#include "daemon/engine/evaluation.hpp"
#include "metrics/series/names.hpp"
#include "metrics/threads/within_memory.hpp"

namespace octroi {
namespace {

Slot overruns(SeriesRegistry& registry, const char* result) {
    return registry.slot(
        metric::conntrack_event_overruns_total,
        "How often the kernel's events on ended flows found no room in the socket or in memory.",
        MetricType::counter, {{"result", result}});
}

// conntrack's opener sent the SYN, and so is the client. But where a connection was picked up
// midway it is who spoke first: then the ports tell it as well. Without a SYN it is guessed as for
// a flow that is inspected.
bool is_reversed(const EndedConnection& connection, const Policy& policy) {
    const FlowKey key(connection.protocol, connection.opener, connection.other);
    const Direction opener =
        key.low() == connection.opener ? Direction::low_to_high : Direction::high_to_low;
    if (guess_client(key, opener, policy) == opener)
        return false;
    constexpr std::uint16_t first_unprivileged_port = 1024;
    return connection.protocol != Protocol::tcp ||
           (connection.opener.port < first_unprivileged_port &&
            connection.other.port >= first_unprivileged_port);
}

std::optional<std::size_t> zone_of(const Address& client, const Policy& policy) {
    return policy.label_zone(client, policy.zones_of(client));
}

Action action_of(MarkState state) {
    if (state == MarkState::drop)
        return Action::drop;
    return state == MarkState::reject ? Action::reject : Action::accept;
}

}  // namespace

FlowEnd end_of(const EndedConnection& connection, const Ruleset& ruleset, Time now) {
    const Policy& policy = *ruleset.policy;
    const bool reversed = is_reversed(connection, policy);
    FlowEnd end{.time = now,
                .client = reversed ? connection.other : connection.opener,
                .server = reversed ? connection.opener : connection.other,
                .protocol = connection.protocol,
                .action = action_of(connection.mark.state),
                .to_server = reversed ? connection.received : connection.sent,
                .to_client = reversed ? connection.sent : connection.received,
                .duration = connection.duration};
    if (const auto zone = zone_of(end.client.address, policy))
        end.zone = policy.zones()[*zone].name;
    end.policy_revision = policy.revision();
    end.server_inside = is_inside(end.server.address, policy);
    if (const Service* service = ruleset.catalogue->find(connection.mark.service)) {
        end.service = service->name;
        end.category = to_string(service->category);
    }
    return end;
}

void FlowAccount::add(const EndedConnection& connection, const Ruleset& ruleset) {
    const Policy& policy = *ruleset.policy;
    const bool reversed = is_reversed(connection, policy);
    const Address& client = (reversed ? connection.other : connection.opener).address;
    const auto& to_server = reversed ? connection.received : connection.sent;
    const auto& to_client = reversed ? connection.sent : connection.received;
    const FlowSeries::Carried& slots =
        ruleset.series.carried(connection.mark.service, zone_of(client, policy));
    counters_.add(slots.bytes.to_server, to_server.bytes);
    counters_.add(slots.bytes.to_client, to_client.bytes);
    counters_.add(slots.packets.to_server, to_server.packets);
    counters_.add(slots.packets.to_client, to_client.packets);
    add_duration(slots.seconds, connection.duration.value_or(std::chrono::nanoseconds(0)));
}

// Most flows last for less than a second: fractions are kept, not rounded off one by one.
void FlowAccount::add_duration(Slot slot, std::chrono::nanoseconds duration) {
    std::chrono::nanoseconds& total = durations_[slot];
    total += duration;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(total);
    counters_.add(slot, static_cast<std::uint64_t>(whole.count()));
    total -= whole;
}

FlowAccounting::FlowAccounting(Parts parts)
    : parts_(std::move(parts)),
      account_(parts_.counters),
      redelivered_(overruns(parts_.registry, "redelivered")),
      lost_(overruns(parts_.registry, "lost")),
      thread_([this] {
          static_cast<void>(pthread_setname_np(pthread_self(), "accounting"));  // for ps alone
          run();
      }) {}

FlowAccounting::~FlowAccounting() {
    stopping_ = true;
    thread_.join();
}

void FlowAccounting::run() {
    std::uint64_t without_memory = 0;
    PublishedRuleset::Pointer ruleset;
    // Called from C, through which no exception goes.
    const std::function<void(const EndedConnection&)> take = [&](const auto& connection) {
        const bool taken = within_memory([&] {
            account_.add(connection, *ruleset);
            tell(connection, *ruleset);
        });
        without_memory += taken ? 0 : 1;
    };
    while (!stopping_) {
        static_cast<void>(within_memory([this] { look_after_the_table(); }));  // a second later
        ruleset = parts_.ruleset.load();
        const bool more = parts_.events.receive(take);
        parts_.counters.set(redelivered_, parts_.events.overruns().redelivered);
        parts_.counters.set(lost_, parts_.events.overruns().lost + without_memory);
        if (!more)
            parts_.events.wait(parts_.wake);
    }
}

void FlowAccounting::tell(const EndedConnection& connection, const Ruleset& ruleset) const {
    const bool wanted = parts_.told == FlowEvents::all || (parts_.told == FlowEvents::services &&
                                                           connection.mark.service != no_service);
    if (parts_.log != nullptr && wanted)
        parts_.log->offer(parts_.producer,
                          end_of(connection, ruleset, std::chrono::system_clock::now()));
}

// An event that waits for its redelivery holds a place in the kernel's table. New connections need
// that more than the account does.
void FlowAccounting::look_after_the_table() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < std::chrono::seconds(1))
        return;
    looked_ = now;
    const auto status = conntrack_status().value_or(std::nullopt);  // unread: perhaps full
    parts_.events.redeliver(status && status->entries < status->limit / 4 * 3);
}

}  // namespace octroi
