#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metrics/events/event_folding.hpp"
#include "metrics/events/event_format.hpp"
#include "metrics/events/recent_events.hpp"
#include "metrics/events/sink_thread.hpp"
#include "metrics/threads/spsc_ring.hpp"

namespace octroi {

/// Takes events from other threads, which never wait for it, folds repeats, and hands them to the
/// sinks as JSON lines, all on a thread of its own. Without a sink it keeps the last refusals
/// alone. What there is no room for is dropped and counted.
class EventLog {
  public:
    struct Settings {
        EventFormat::Settings format;
        std::chrono::seconds fold{10};  ///< window of EventFolding
        std::size_t producers = 1;      ///< threads that hand events over
    };

    struct Sink {
        std::string name;  ///< as metrics call it
        std::unique_ptr<EventSink> sink;
    };

    [[nodiscard]] static std::expected<std::unique_ptr<EventLog>, std::string> open(
        const Settings& settings, std::vector<Sink> sinks);

    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;
    EventLog(EventLog&&) = delete;
    EventLog& operator=(EventLog&&) = delete;

    /// Writes everything that was handed over, as far as the sinks take it.
    ~EventLog();

    /// Hands an event over. One thread for each `producer`. Where its ring is full the event is
    /// dropped and counted.
    void offer(std::size_t producer, Event event);

    /// Events handed to the sinks.
    [[nodiscard]] std::uint64_t written(EventType type) const {
        return written_[static_cast<std::size_t>(type)];
    }

    /// Events lost to all sinks because a ring was full.
    [[nodiscard]] std::uint64_t dropped() const;

    /// The sinks, which count what they lost themselves.
    [[nodiscard]] const std::vector<std::unique_ptr<SinkThread>>& sinks() const { return sinks_; }

    /// The last events on refusals, real or would-be, the newest first.
    [[nodiscard]] std::vector<std::string> recent() const { return recent_.newest_first(); }

  private:
    struct Producer {
        Producer();

        SpscRing<Event> ring;
        std::atomic<std::uint64_t> dropped{0};
        std::uint64_t numbered = 0;  ///< of the dropped ones, how many have a number
    };

    EventLog(EventFormat format, const Settings& settings, std::vector<Sink> sinks);

    void run(const std::stop_token& stop);
    bool drain();
    void try_to(const auto& step);
    void write(const Event& event);

    EventFormat format_;
    EventFolding folding_;
    std::vector<std::unique_ptr<Producer>> producers_;
    std::vector<std::unique_ptr<SinkThread>> sinks_;
    RecentEvents recent_;
    std::uint64_t sequence_ = 0;
    std::array<std::atomic<std::uint64_t>, event_type_names.size()> written_{};
    std::jthread thread_;
};

}  // namespace octroi
