#include "daemon/gateway.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <new>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "classifiers/ndpi.hpp"
#include "daemon/capabilities.hpp"
#include "daemon/confinement.hpp"
#include "daemon/conntrack.hpp"
#include "daemon/event_families.hpp"
#include "daemon/http_routes.hpp"
#include "daemon/kernel_families.hpp"
#include "daemon/policy_families.hpp"
#include "daemon/ruleset_loader.hpp"
#include "daemon/status.hpp"
#include "daemon/token_file.hpp"
#include "daemon/version.hpp"
#include "metrics/exporter.hpp"
#include "metrics/process_families.hpp"

namespace octroi {
namespace {

std::uint64_t seconds_now() {
    return static_cast<std::uint64_t>(
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

// An interface that is made anew (a VPN, a VLAN, a modem) comes back under another number.
auto zones_by_index(const Policy& policy) {
    decltype(Ruleset::interface_zones) zones;
    for (const Zone& zone : policy.zones())
        for (const std::string& interface : zone.interfaces)
            if (const unsigned index = if_nametoindex(interface.c_str()); index != 0)
                zones[index] = policy.zones_of_interface(interface);
    return zones;
}

void warn_of_absent_interfaces(const Policy& policy) {
    for (const Zone& zone : policy.zones())
        for (const std::string& interface : zone.interfaces)
            if (if_nametoindex(interface.c_str()) == 0)
                spdlog::warn("zone {}: there is no interface {} now", zone.name, interface);
}

}  // namespace

Gateway::Gateway(const Config& config, int wake)
    : config_(config),
      firewall_(netfilter_settings(config), config.backend),
      wake_(wake),
      registry_(config.queue_count + 1U),  // and the accounting thread
      health_(registry_, firewall_, config.queue_count,
              [this](HealthEvent change) { tell(std::move(change)); }) {
    const std::string reloads = "octroi_config_reloads_total";
    const std::string help = "Reloads of policy and catalogue, the first load included.";
    reloads_ = {
        .success = registry_.slot(reloads, help, MetricType::counter, {{"result", "success"}}),
        .failure = registry_.slot(reloads, help, MetricType::counter, {{"result", "failure"}}),
        .successful = registry_.slot("octroi_config_last_reload_successful",
                                     "Whether the last reload succeeded.", MetricType::gauge),
        .success_time = registry_.slot("octroi_config_last_reload_success_timestamp_seconds",
                                       "When the last successful reload was.", MetricType::gauge),
        .generation =
            registry_.slot("octroi_policy_generation",
                           "Generation of the policy in force, 1 to 63.", MetricType::gauge)};
}

std::expected<std::unique_ptr<Gateway>, std::string> Gateway::start(const Config& config,
                                                                    ServiceManager& manager) {
    const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0)
        return std::unexpected(fmt::format("eventfd: {}", std::generic_category().message(errno)));
    std::unique_ptr<Gateway> gateway(new Gateway(config, wake));
    if (auto begun = gateway->begin(manager); !begun)
        return std::unexpected(std::move(begun.error()));
    return gateway;
}

std::expected<void, std::string> Gateway::begin(ServiceManager& manager) {
    if (!may_administer_network())
        return std::unexpected(
            "the capability CAP_NET_ADMIN is missing: run octroi as root, or give it that "
            "capability "
            "(systemd: AmbientCapabilities=CAP_NET_ADMIN)");
    // Rules first: without them the daemon would run and nothing would be enforced.
    const auto state = firewall_.inspect();
    if (!state)
        return std::unexpected(state.error());
    if (!state->installed())
        return std::unexpected(
            "the kernel has no rules of octroi, so no packet would reach it: run `octroi firewall "
            "install` first");
    if (!state->differences.empty())
        return std::unexpected(
            fmt::format("the kernel's rules are not those of this configuration: {}. Run `octroi "
                        "firewall install`",
                        fmt::join(state->differences, "; ")));
    spdlog::info("the kernel's rules are in place ({})", to_string(firewall_.backend()));
    // Without differences each has one. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    auto ruleset = load(next_generation(*state->generations[0]));
    if (!ruleset)
        return std::unexpected(std::move(ruleset.error()));
    published_.store(*ruleset);
    if (auto opened = open_events(); !opened)
        return opened;
    const bool counts_gap = config_.on_failure == OnFailure::open && !manager.keeps_any();
    const std::uint64_t met_nobody = counts_gap ? health_.met_nobody() : 0;
    if (auto opened = open_workers(manager); !opened)
        return opened;
    health_.count_bypassed(met_nobody);
    if (auto opened = open_http(); !opened)
        return opened;
    if (auto confined = confine_calls(); !confined)
        return confined;
    for (const auto& worker : workers_)
        worker->start();
    start_accounting();
    if (auto in_force = put_in_force(*ruleset); !in_force)
        return in_force;
    activity_.enter(Activity::Phase::none);
    note_reload(true);
    tell_policy(PolicyEvent::Kind::load);
    static_cast<void>(check_health());  // counts begin here
    ready_ = true;
    return {};
}

// Where none are to be written, the status still tells the last decisions, of a client its zone at
// most.
std::expected<void, std::string> Gateway::open_events() {
    EventSettings settings =
        config_.events.value_or(EventSettings{.format = {.clients = ClientPrivacy::zone}});
    settings.format.gateway = name();
    auto sinks = open_sinks(settings);
    if (!sinks)
        return std::unexpected(std::move(sinks.error()));
    auto events = EventLog::open({.format = std::move(settings.format),
                                  .fold = settings.fold,
                                  .producers = config_.queue_count + 2U},
                                 std::move(*sinks));
    if (!events)
        return std::unexpected(std::move(events.error()));
    events_ = std::move(*events);
    return {};
}

// A socket that was kept still receives: what came while nobody answered waits in it.
std::expected<NfQueue, std::string> Gateway::open_queue(std::uint16_t number,
                                                        ServiceManager& manager) const {
    const NfQueue::Settings settings{.number = number,
                                     .max_length = config_.queue_length,
                                     .fail_open = config_.on_failure == OnFailure::open,
                                     .mark = config_.mark};
    const std::string name = fmt::format("queue-{}", number);
    if (const auto kept = manager.take(name)) {
        auto queue = NfQueue::adopt(*kept, settings);
        if (queue) {
            spdlog::info("queue {}: taken over from an earlier process", number);
            return queue;
        }
        spdlog::warn("the socket that was kept as {} is of no use: {}. The queue is opened anew",
                     name, queue.error());
    }
    auto queue = NfQueue::open(settings);
    if (queue)
        manager.keep(name, queue->descriptor());
    return queue;
}

std::expected<void, std::string> Gateway::open_workers(ServiceManager& manager) {
    const Pipeline::Settings pipeline{.flows = {.limit = config_.flow_limit},
                                      .buffer_limit = config_.buffer_limit / config_.queue_count,
                                      .mark = config_.mark,
                                      .observe = config_.observe};
    for (std::uint16_t i = 0; i < config_.queue_count; ++i) {
        auto queue = open_queue(static_cast<std::uint16_t>(config_.first_queue + i), manager);
        if (!queue)
            return std::unexpected(std::move(queue.error()));
        workers_.push_back(std::make_unique<Worker>(Worker::Parts{.index = i,
                                                                  .queue = std::move(*queue),
                                                                  .pipeline = pipeline,
                                                                  .registry = registry_,
                                                                  .ruleset = published_,
                                                                  .events = events_.get(),
                                                                  .wake = wake_}));
    }
    for (const std::string& name : manager.forget_the_rest())
        spdlog::warn(
            "the socket that was kept as {} belongs to no queue of this configuration: closed",
            name);
    return {};
}

// Without it octroi does all of its work but this count.
void Gateway::start_accounting() {
    const auto status = conntrack_status();
    if (!status || !status->accounting)
        spdlog::warn(
            "the kernel does not count the bytes of connections, so octroi_flow_bytes_total "
            "stays 0: sysctl net.netfilter.nf_conntrack_acct=1");
    auto events = ConntrackEvents::open(config_.mark);
    if (!events) {
        spdlog::warn("ended flows can't be accounted for: {}", events.error());
        return;
    }
    accounting_ = std::make_unique<FlowAccounting>(
        FlowAccounting::Parts{.events = std::move(*events),
                              .registry = registry_,
                              .counters = registry_.worker(config_.queue_count),
                              .ruleset = published_,
                              .log = events_.get(),
                              .producer = config_.queue_count + 1U,
                              .told = config_.events ? config_.events->flows : FlowEvents::none,
                              .wake = wake_});
}

Gateway::~Gateway() {
    const bool ready_was = ready_.exchange(false);
    for (const auto& worker : workers_)
        worker->request_stop();
    const std::uint64_t one = 1;
    static_cast<void>(write(wake_, &one, sizeof one) == 0);
    for (const auto& worker : workers_)
        worker->join();
    if (ready_was && config_.on_failure == OnFailure::open)
        health_.note_end();
    accounting_.reset();
    http_.reset();
    workers_.clear();
    close(wake_);
}

std::expected<std::shared_ptr<const Ruleset>, std::string> Gateway::load(std::uint8_t generation) {
    auto ruleset = load_ruleset(config_.policy, config_.catalogue, registry_);
    if (!ruleset)
        return std::unexpected(std::move(ruleset.error()));
    ruleset->generation = generation;
    ruleset->interface_zones = zones_by_index(*ruleset->policy);
    warn_of_absent_interfaces(*ruleset->policy);
    return std::make_shared<const Ruleset>(std::move(*ruleset));
}

std::expected<void, std::string> Gateway::put_in_force(
    const std::shared_ptr<const Ruleset>& ruleset) {
    // The kernel first: until the workers follow, they mark with the old generation and such flows
    // come back once more; nothing is lost. Where the kernel refuses, the old ruleset and
    // generation stay.
    // Marks that a full turn of the ring left behind go to a generation that is neither in force
    // nor about to be.
    const std::uint8_t stale = previous_generation(previous_generation(ruleset->generation));
    activity_.enter(Activity::Phase::retiring_marks);
    const auto progress = [this](std::size_t done, std::size_t total) {
        activity_.advance(done, total);
    };
    if (auto retired = retire_generation(config_.mark, ruleset->generation, stale, progress);
        !retired)
        return std::unexpected(std::move(retired.error()));
    activity_.enter(Activity::Phase::exchanging_rules);
    if (auto set = firewall_.set_generation(ruleset->generation); !set) {
        if (current_)
            if (auto back = firewall_.set_generation(current_->generation); !back)
                spdlog::error("the rules could not be set back either: {}", back.error());
        return set;
    }
    published_.store(ruleset);
    current_ = ruleset;
    next_edge_ = ruleset->policy->next_edge();
    registry_.worker(0).set(reloads_.generation, ruleset->generation);
    return {};
}

std::expected<void, std::string> Gateway::reload() {
    std::expected<void, std::string> in_force;
    activity_.enter(Activity::Phase::reading);
    try {
        const auto ruleset = load(next_generation(current_->generation));
        in_force = ruleset ? put_in_force(*ruleset) : std::unexpected(ruleset.error());
    } catch (const std::bad_alloc&) {
        in_force = std::unexpected("there is no memory for it");
    }
    activity_.enter(Activity::Phase::none);
    note_reload(in_force.has_value());
    tell_policy(in_force ? PolicyEvent::Kind::reload : PolicyEvent::Kind::refused,
                in_force ? "" : in_force.error());
    return in_force;
}

std::expected<bool, std::string> Gateway::follow_schedule() {
    const Policy& policy = *current_->policy;
    const Instant now = absl::Now();
    const bool passed = next_edge_ && *next_edge_ <= now;
    const bool set_back = now < policy.moment();
    auto interface_zones = zones_by_index(policy);
    const bool moved = interface_zones != current_->interface_zones;
    if (!passed && !set_back && !moved)
        return false;
    if (moved) {
        spdlog::info("zones: an interface has come, gone or been made anew");
        warn_of_absent_interfaces(policy);
    }
    Ruleset ruleset = *current_;
    ruleset.policy = std::make_shared<const Policy>(policy.at(now));
    ruleset.interface_zones = std::move(interface_zones);
    ruleset.generation = next_generation(current_->generation);
    auto in_force = put_in_force(std::make_shared<const Ruleset>(std::move(ruleset)));
    activity_.enter(Activity::Phase::none);
    if (in_force)
        tell_policy(PolicyEvent::Kind::schedule);
    return in_force ? std::expected<bool, std::string>(true) : std::unexpected(in_force.error());
}

// Of the control thread, whose ring is the one behind the workers'.
void Gateway::tell(Event event) {
    events_->offer(config_.queue_count, std::move(event));
}

void Gateway::tell_policy(PolicyEvent::Kind kind, std::string error) {
    const Policy& policy = *current_->policy;
    tell(PolicyEvent{.time = std::chrono::system_clock::now(),
                     .kind = kind,
                     .file = policy.file(),
                     .revision = std::string(policy.revision()),
                     .generation = current_->generation,
                     .rules = policy.rules().size(),
                     .error = std::move(error)});
}

bool Gateway::check_health() {
    registry_.clients().turn(absl::Now());
    health_.watch_rules(current_->generation);
    if (config_.on_failure == OnFailure::open)
        health_.count_uninspected(workers_);
    watch_losses();
    return health_.workers_progress(workers_);
}

void Gateway::watch_losses() {
    if (!config_.events)
        return;
    auto change = loss_watch_.look(*events_, LossWatch::Clock::now());
    if (!change)
        return;
    if (change->holds)
        spdlog::warn("events are lost ({})", change->detail);
    else
        spdlog::info("no event was lost for a minute");
    tell(std::move(*change));
}

void Gateway::note_reload(bool success) {
    // Slots of worker 0 that no worker writes: the control thread is their only writer.
    WorkerCounters& counters = registry_.worker(0);
    counters.add(success ? reloads_.success : reloads_.failure);
    counters.set(reloads_.successful, success ? 1 : 0);
    if (success)
        counters.set(reloads_.success_time, seconds_now());
}

std::vector<Family> Gateway::collect() const {
    std::vector<Family> families = registry_.collect();
    add_queue_families(families, config_);
    add_conntrack_families(families);
    if (const auto ruleset = published_.load())
        add_policy_families(families, *ruleset);
    add_process_families(families, started_);
    if (config_.events)
        add_event_families(families, *events_);
    Family build{
        .name = "octroi_build_info", .help = "The running program.", .type = MetricType::gauge};
    build.samples.push_back({{{"version", version},
                              {"revision", revision()},
                              {"compiler", compiler},
                              {"ndpi", Ndpi::release()}},
                             1});
    families.push_back(std::move(build));
    return families;
}

std::string Gateway::name() const {
    const bool named = config_.events && !config_.events->format.gateway.empty();
    return named ? config_.events->format.gateway : host_name();
}

std::string Gateway::status() const {
    const auto ruleset = published_.load();
    if (!ruleset)
        return "";
    return status_json({.families = collect(),
                        .ruleset = *ruleset,
                        .started = started_,
                        .ready = ready_,
                        .gateway = name(),
                        .on_failure = config_.on_failure,
                        .events = config_.events.has_value(),
                        .activity = activity_.view(),
                        .decisions = events_->recent()});
}

std::expected<void, std::string> Gateway::open_http() {
    auto token = read_token(config_.token_file);
    if (!token)
        return std::unexpected(std::move(token.error()));
    auto http =
        HttpServer::open(config_.metrics_address, config_.metrics_port,
                         HttpRoutes({.metrics = [this] { return exposition_text(collect()); },
                                     .status = [this] { return status(); },
                                     .ready = [this] { return ready_.load(); }},
                                    std::move(*token)));
    if (!http)
        return std::unexpected(std::move(http.error()));
    http_ = std::move(*http);
    return {};
}

}  // namespace octroi
