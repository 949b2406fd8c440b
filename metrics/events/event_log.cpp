#include "metrics/events/event_log.hpp"

#include <chrono>
#include <numeric>

#include "metrics/threads/memory_reserve.hpp"
#include "metrics/threads/within_memory.hpp"

namespace octroi {
namespace {

constexpr std::size_t ring_capacity = 4096;
constexpr std::chrono::milliseconds idle_pause{20};
constexpr std::size_t line_reserve = 256UL * 1024;

// Real or would-be.
bool is_refusal(const Event& event) {
    const auto* record = std::get_if<FlowRecord>(&event);
    return record != nullptr &&
           (record->action != Action::accept || record->would != Action::accept);
}

}  // namespace

EventLog::Producer::Producer() : ring(ring_capacity) {}

std::expected<std::unique_ptr<EventLog>, std::string> EventLog::open(const Settings& settings,
                                                                     std::vector<Sink> sinks) {
    auto format = EventFormat::open(settings.format);
    if (!format)
        return std::unexpected(std::move(format.error()));
    return std::unique_ptr<EventLog>(new EventLog(std::move(*format), settings, std::move(sinks)));
}

EventLog::EventLog(EventFormat format, const Settings& settings, std::vector<Sink> sinks)
    : format_(std::move(format)),
      folding_(settings.fold, [this](const Event& event) { write(event); }) {
    for (std::size_t i = 0; i < settings.producers; ++i)
        producers_.push_back(std::make_unique<Producer>());
    for (Sink& sink : sinks)
        sinks_.push_back(std::make_unique<SinkThread>(std::move(sink.name), std::move(sink.sink)));
    thread_ = std::jthread([this](const std::stop_token& stop) {
        be_background("events");
        run(stop);
    });
}

EventLog::~EventLog() {
    thread_.request_stop();
    thread_.join();
}

void EventLog::offer(std::size_t producer, Event event) {
    Producer& from = *producers_[producer];
    if (!from.ring.push(std::move(event)))
        from.dropped.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t EventLog::dropped() const {
    return std::accumulate(producers_.begin(), producers_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& producer) {
                               return sum + producer->dropped.load(std::memory_order_relaxed);
                           });
}

void EventLog::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!drain())
            std::this_thread::sleep_for(idle_pause);
        try_to([this] { folding_.flush(EventFolding::Clock::now()); });
    }
    while (drain()) {
    }
    try_to([this] { folding_.flush_all(); });
}

// Where there is no memory for an event it is lost to all sinks, as if a ring had been full. Its
// gap is here, whichever ring the next event comes from.
void EventLog::try_to(const auto& step) {
    if (within_memory(step))
        return;
    producers_.front()->dropped.fetch_add(1, std::memory_order_relaxed);
    ++producers_.front()->numbered;
    ++sequence_;
}

// One event of each ring; whether there was any. What a ring had no room for leaves a gap in the
// numbers.
bool EventLog::drain() {
    bool any = false;
    Event event;
    for (const auto& producer : producers_)
        if (producer->ring.pop(event)) {
            any = true;
            const std::uint64_t dropped = producer->dropped.load(std::memory_order_relaxed);
            sequence_ += dropped - std::exchange(producer->numbered, dropped);
            try_to([&] { folding_.take(event, EventFolding::Clock::now()); });
        }
    return any;
}

void EventLog::write(const Event& event) {
    const bool refusal = is_refusal(event);
    if (sinks_.empty() && !refusal)
        return;
    const MemoryReserve reserve(line_reserve);
    std::string text = format_.line(event, sequence_ + 1);
    if (refusal)
        recent_.add(text);
    const auto line = std::make_shared<const std::string>(std::move(text) + "\n");
    ++sequence_;
    ++written_[static_cast<std::size_t>(type_of(event))];
    for (const auto& sink : sinks_)
        sink->offer(line);
}

}  // namespace octroi
