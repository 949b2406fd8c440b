#include "daemon/gateway/gateway.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "classifiers/clear/ndpi.hpp"
#include "daemon/config/token_file.hpp"
#include "daemon/confinement/capabilities.hpp"
#include "daemon/confinement/confinement.hpp"
#include "daemon/gateway/event_collector.hpp"
#include "daemon/gateway/http_routes.hpp"
#include "daemon/gateway/kernel_collector.hpp"
#include "daemon/gateway/policy_collector.hpp"
#include "daemon/gateway/status.hpp"
#include "daemon/kernel/conntrack.hpp"
#include "daemon/version.hpp"
#include "metrics/series/exporter.hpp"
#include "metrics/series/names.hpp"
#include "metrics/series/process_families.hpp"

namespace octroi {
Gateway::Gateway(const Config& config, Firewall firewall, FileDescriptor wake)
    : config_(config),
      firewall_(std::move(firewall)),
      wake_(std::move(wake)),
      threads_(config.queue_count),
      registry_(threads_.count()),
      health_(registry_, registry_.worker(threads_.control()), firewall_, config,
              [this](HealthEvent change) { tell(std::move(change)); }),
      rules_({.config = config_,
              .kernel = firewall_,
              .registry = registry_,
              .counters = registry_.worker(threads_.control()),
              .activity = activity_,
              .tell = [this](PolicyEvent change) { tell(std::move(change)); }}) {}

std::expected<std::unique_ptr<Gateway>, std::string> Gateway::start(const Config& config,
                                                                    ServiceManager& manager) {
    if (!may_administer_network())
        return std::unexpected(
            "the capability CAP_NET_ADMIN is missing: run octroi as root, or give it that "
            "capability "
            "(systemd: AmbientCapabilities=CAP_NET_ADMIN)");
    auto firewall = Firewall::open(netfilter_settings(config), config.backend);
    if (!firewall)
        return std::unexpected(std::move(firewall.error()));
    FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.is_open())
        return std::unexpected(fmt::format("eventfd: {}", std::generic_category().message(errno)));
    std::unique_ptr<Gateway> gateway(new Gateway(config, std::move(*firewall), std::move(wake)));
    if (auto begun = gateway->begin(manager); !begun)
        return std::unexpected(std::move(begun.error()));
    return gateway;
}

std::expected<void, std::string> Gateway::begin(ServiceManager& manager) {
    // Rules first: without them the daemon would run and nothing would be enforced.
    const auto generation = generation_at_start(firewall_);
    if (!generation)
        return std::unexpected(generation.error());
    spdlog::info("the kernel's rules are in place ({})", to_string(firewall_.backend()));
    if (auto prepared = rules_.prepare(*generation); !prepared)
        return prepared;
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
    if (auto in_force = rules_.begin(); !in_force)
        return in_force;
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
                                  .producers = threads_.count()},
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
        manager.forget(name);  // two of one name would both go at the next start
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
                                                                  .ruleset = rules_.published(),
                                                                  .events = events_.get(),
                                                                  .wake = wake_.get()}));
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
    if (!status)
        spdlog::warn("whether the kernel counts the bytes of connections is not known: {}",
                     status.error());
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
    else if (!*status || !(*status)->accounting)
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
                              .counters = registry_.worker(threads_.accounting()),
                              .ruleset = rules_.published(),
                              .log = events_.get(),
                              .producer = threads_.accounting(),
                              .told = config_.events ? config_.events->flows : FlowEvents::none,
                              .wake = wake_.get()});
}

Gateway::~Gateway() {
    const bool ready_was = ready_.exchange(false);
    for (const auto& worker : workers_)
        worker->request_stop();
    const std::uint64_t one = 1;
    static_cast<void>(write(wake_.get(), &one, sizeof one) == 0);
    for (const auto& worker : workers_)
        worker->join();
    if (ready_was && config_.on_failure == OnFailure::open)
        health_.note_end();
    accounting_.reset();
    http_.reset();
    workers_.clear();
}

// Of the control thread.
void Gateway::tell(Event event) {
    events_->offer(threads_.control(), std::move(event));
}

bool Gateway::check_health() {
    registry_.clients().turn(absl::Now());
    health_.watch_rules(rules_.current().generation, Watchdog::Clock::now());
    std::vector<Health::WorkerState> workers;
    for (const auto& worker : workers_)
        workers.push_back(
            {.queue = worker->queue(), .rounds = worker->rounds(), .answered = worker->answered()});
    if (config_.on_failure == OnFailure::open)
        health_.count_uninspected(workers);
    watch_losses();
    return health_.workers_progress(workers, Watchdog::Clock::now());
}

void Gateway::watch_losses() {
    if (!config_.events)
        return;
    auto change = event_loss_.look(*events_, EventLoss::Clock::now());
    if (!change)
        return;
    if (change->holds)
        spdlog::warn("events are lost ({})", change->detail);
    else
        spdlog::info("no event was lost for a minute");
    tell(std::move(*change));
}

std::vector<Family> Gateway::collect() const {
    std::vector<Family> families = registry_.collect();
    add_queue_families(families, config_);
    add_conntrack_families(families);
    if (const auto ruleset = rules_.published().load())
        add_policy_families(families, *ruleset);
    add_process_families(families, started_);
    if (config_.events)
        add_event_families(families, *events_);
    Family build{
        .name = metric::build_info, .help = "The running program.", .type = MetricType::gauge};
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
    const auto ruleset = rules_.published().load();
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
