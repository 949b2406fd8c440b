#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

#include "daemon/engine/pipeline.hpp"
#include "daemon/kernel/nfqueue.hpp"
#include "metrics/events/event_log.hpp"

namespace octroi {

/// One queue, one pipeline, one thread.
class Worker {
  public:
    struct Parts {
        std::size_t index = 0;
        NfQueue queue;
        Pipeline::Settings pipeline;
        SeriesRegistry& registry;
        const PublishedRuleset& ruleset;
        EventLog* events = nullptr;  ///< null: no events
        int wake = -1;               ///< becomes readable when the worker must stop
    };

    explicit Worker(Parts parts);

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    Worker(Worker&&) = delete;
    Worker& operator=(Worker&&) = delete;
    ~Worker() = default;

    void start();

    /// After `wake` is readable: answers what is still queued, then ends.
    void request_stop() { stopping_ = true; }

    void join();

    /// Grows as long as the worker works: by one at least every second. For other threads.
    [[nodiscard]] std::uint64_t rounds() const { return rounds_.load(std::memory_order_relaxed); }

    /// Packets that got a verdict. For other threads.
    [[nodiscard]] std::uint64_t answered() const {
        return answered_.load(std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint16_t queue() const { return parts_.queue.number(); }

  private:
    void run();
    [[nodiscard]] std::size_t process_batch();
    void beat(Time time);
    void count_time(std::chrono::nanoseconds taken, std::size_t packets);
    void report(Event event) const;
    void answer(const QueuedPacket& queued, const Ruleset& ruleset, Time time);

    Parts parts_;
    Pipeline pipeline_;
    Slot heartbeat_;
    Slot verdict_errors_;
    Slot busy_;
    Histogram verdict_duration_;
    std::atomic<std::uint64_t> rounds_{0};
    std::atomic<std::uint64_t> answered_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace octroi
