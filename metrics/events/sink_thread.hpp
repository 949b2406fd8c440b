#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "metrics/events/event_sink.hpp"

namespace octroi {

/// A sink with a thread and a bounded queue of its own, so that none waits for another.
class SinkThread {
  public:
    using Line = std::shared_ptr<const std::string>;

    static constexpr std::size_t capacity = 4096;

    SinkThread(std::string name, std::unique_ptr<EventSink> sink);

    SinkThread(const SinkThread&) = delete;
    SinkThread& operator=(const SinkThread&) = delete;
    SinkThread(SinkThread&&) = delete;
    SinkThread& operator=(SinkThread&&) = delete;

    /// Writes what waits, as far as the sink takes it, and ends.
    ~SinkThread() = default;

    /// Never waits: a full queue loses the line, as does one that finds no memory to grow.
    void offer(const Line& line);

    [[nodiscard]] const std::string& name() const { return name_; }

    [[nodiscard]] std::uint64_t lost(Loss loss) const {
        return lost_[static_cast<std::size_t>(loss)].load(std::memory_order_relaxed);
    }

  private:
    void run(const std::stop_token& stop);
    void await_lines(const std::stop_token& stop);
    void write(const Line& line);
    void look_after();
    void count(Loss loss);

    std::string name_;
    std::unique_ptr<EventSink> sink_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::deque<Line> queue_;
    std::deque<Line> taken_;  ///< from the queue, to be written
    std::array<std::atomic<std::uint64_t>, loss_names.size()> lost_{};
    std::jthread thread_;
};

/// Names the calling thread and puts it behind those that handle packets.
void be_background(const std::string& name);

}  // namespace octroi
