#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metrics/flow_record.hpp"
#include "metrics/recent_events.hpp"
#include "metrics/spsc_ring.hpp"

namespace octroi {

/// Writes events as JSON lines on a thread of its own. A worker hands a record over without
/// waiting: where the writer can't keep up (full disk, stalled reader) records are dropped and
/// counted.
class EventLog {
  public:
    struct Settings {
        std::string path;  ///< "-" is stdout
        ClientPrivacy clients = ClientPrivacy::zone;
        std::size_t workers = 1;
    };

    [[nodiscard]] static std::expected<std::unique_ptr<EventLog>, std::string> open(
        const Settings& settings);

    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;
    EventLog(EventLog&&) = delete;
    EventLog& operator=(EventLog&&) = delete;
    ~EventLog();

    /// Hands a record over from worker `worker`'s thread. False: dropped.
    [[nodiscard]] bool offer(std::size_t worker, FlowRecord record);

    [[nodiscard]] std::uint64_t written() const { return written_; }

    /// Lines lost because they could not be written.
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

    /// The last events on refusals, real or would-be, the newest first.
    [[nodiscard]] std::vector<std::string> recent() const { return recent_.newest_first(); }

  private:
    EventLog(const Settings& settings, int descriptor);

    void run(const std::stop_token& stop);
    bool drain();
    void write_line(const std::string& line);

    Settings settings_;
    int descriptor_;
    std::vector<std::unique_ptr<SpscRing<FlowRecord>>> rings_;
    RecentEvents recent_;
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::jthread thread_;
};

}  // namespace octroi
