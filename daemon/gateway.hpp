#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/activity.hpp"
#include "daemon/config.hpp"
#include "daemon/firewall.hpp"
#include "daemon/flow_accounting.hpp"
#include "daemon/health.hpp"
#include "daemon/loss_watch.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/worker.hpp"
#include "metrics/http_server.hpp"

namespace octroi {

/// The running daemon: queues, workers, the ruleset in force and the way to exchange it.
class Gateway {
  public:
    /// Loads everything, checks the kernel's rules, binds the queues and starts the workers. Queues
    /// whose sockets `manager` kept are taken over with all that waits in them, and it is given the
    /// sockets to keep. The error is what to tell the administrator.
    [[nodiscard]] static std::expected<std::unique_ptr<Gateway>, std::string> start(
        const Config& config, ServiceManager& manager);

    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    Gateway(Gateway&&) = delete;
    Gateway& operator=(Gateway&&) = delete;

    /// Answers what is queued and stops the workers.
    ~Gateway();

    /// Loads catalogue and policy anew and puts them in force. On an error the old ones stay; the
    /// error is what to tell the administrator.
    [[nodiscard]] std::expected<void, std::string> reload();

    /// Puts the policy in force as it stands now, where a rule has begun or ended since, the clock
    /// was set back, or an interface of a zone came, went or was made anew. True where something
    /// changed.
    [[nodiscard]] std::expected<bool, std::string> follow_schedule();

    /// Looks after workers and kernel rules; once a second. False where a worker is stuck.
    [[nodiscard]] bool check_health();

    [[nodiscard]] const Ruleset& ruleset() const { return *current_; }

  private:
    Gateway(const Config& config, int wake);

    [[nodiscard]] std::expected<void, std::string> begin(ServiceManager& manager);
    [[nodiscard]] std::expected<std::shared_ptr<const Ruleset>, std::string> load(
        std::uint8_t generation);
    [[nodiscard]] std::expected<void, std::string> put_in_force(
        const std::shared_ptr<const Ruleset>& ruleset);
    void start_accounting();
    [[nodiscard]] std::expected<void, std::string> open_workers(ServiceManager& manager);
    [[nodiscard]] std::expected<NfQueue, std::string> open_queue(std::uint16_t number,
                                                                 ServiceManager& manager) const;
    [[nodiscard]] std::vector<Family> collect() const;
    [[nodiscard]] std::expected<void, std::string> open_events();
    [[nodiscard]] std::expected<void, std::string> open_http();
    [[nodiscard]] std::string name() const;
    [[nodiscard]] std::string status() const;
    void note_reload(bool success);
    void tell(Event event);
    void watch_losses();
    void tell_policy(PolicyEvent::Kind kind, std::string error = {});

    struct ReloadSeries {
        Slot success{};
        Slot failure{};
        Slot successful{};
        Slot success_time{};
        Slot generation{};
    };

    Config config_;
    Instant started_ = absl::Now();
    Activity activity_;
    std::optional<Instant> next_edge_;  ///< when the policy in force changes by itself
    Firewall firewall_;
    int wake_;
    SeriesRegistry registry_;
    ReloadSeries reloads_;
    Health health_;
    PublishedRuleset published_;
    std::shared_ptr<const Ruleset> current_;
    std::unique_ptr<EventLog> events_;
    LossWatch loss_watch_;
    std::unique_ptr<FlowAccounting> accounting_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<HttpServer> http_;
    std::atomic<bool> ready_{false};
};

}  // namespace octroi
