#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "classifiers/base/file_descriptor.hpp"
#include "daemon/config/config.hpp"
#include "daemon/firewall/firewall.hpp"
#include "daemon/gateway/activity.hpp"
#include "daemon/gateway/event_loss.hpp"
#include "daemon/gateway/flow_accounting.hpp"
#include "daemon/gateway/health.hpp"
#include "daemon/gateway/ruleset_control.hpp"
#include "daemon/gateway/service_manager.hpp"
#include "daemon/gateway/thread_numbers.hpp"
#include "daemon/gateway/worker.hpp"
#include "metrics/http/http_server.hpp"

namespace octroi {

/// The running daemon: queues, workers, the ruleset in force, and what tells of them.
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

    [[nodiscard]] RulesetControl& rules() { return rules_; }

    /// Looks after workers and kernel rules; once a second. False where a worker is stuck.
    [[nodiscard]] bool check_health();

  private:
    Gateway(const Config& config, Firewall firewall, FileDescriptor wake);

    [[nodiscard]] std::expected<void, std::string> begin(ServiceManager& manager);
    void start_accounting();
    [[nodiscard]] std::expected<void, std::string> open_workers(ServiceManager& manager);
    [[nodiscard]] std::expected<NfQueue, std::string> open_queue(std::uint16_t number,
                                                                 ServiceManager& manager) const;
    [[nodiscard]] std::vector<Family> collect() const;
    [[nodiscard]] std::expected<void, std::string> open_events();
    [[nodiscard]] std::expected<void, std::string> open_http();
    [[nodiscard]] std::string name() const;
    [[nodiscard]] std::string status() const;
    void tell(Event event);
    void watch_losses();

    Config config_;
    Instant started_ = absl::Now();
    Activity activity_;
    Firewall firewall_;
    FileDescriptor wake_;
    ThreadNumbers threads_;
    SeriesRegistry registry_;
    Health health_;
    RulesetControl rules_;
    std::unique_ptr<EventLog> events_;
    EventLoss event_loss_;
    std::unique_ptr<FlowAccounting> accounting_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<HttpServer> http_;
    std::atomic<bool> ready_{false};
};

}  // namespace octroi
