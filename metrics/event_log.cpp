#include "metrics/event_log.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace octroi {
namespace {

constexpr std::size_t ring_capacity = 4096;
constexpr std::chrono::milliseconds idle_pause{20};
constexpr mode_t log_mode = 0640;

}  // namespace

std::expected<std::unique_ptr<EventLog>, std::string> EventLog::open(const Settings& settings) {
    int descriptor = STDOUT_FILENO;
    if (settings.path != "-")
        descriptor =
            ::open(settings.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_mode);
    if (descriptor < 0)
        return std::unexpected(fmt::format("can't open the event file {}: {}", settings.path,
                                           std::generic_category().message(errno)));
    return std::unique_ptr<EventLog>(new EventLog(settings, descriptor));
}

EventLog::EventLog(const Settings& settings, int descriptor)
    : settings_(settings), descriptor_(descriptor) {
    for (std::size_t i = 0; i < settings.workers; ++i)
        rings_.push_back(std::make_unique<SpscRing<FlowRecord>>(ring_capacity));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

EventLog::~EventLog() {
    thread_.request_stop();
    thread_.join();
    if (descriptor_ != STDOUT_FILENO)
        ::close(descriptor_);
}

bool EventLog::offer(std::size_t worker, FlowRecord record) {
    return rings_[worker]->push(std::move(record));
}

void EventLog::run(const std::stop_token& stop) {
    while (!stop.stop_requested())
        if (!drain())
            std::this_thread::sleep_for(idle_pause);
    while (drain()) {
    }
}

// One record of each ring; whether there was any.
bool EventLog::drain() {
    bool any = false;
    FlowRecord record;
    for (const auto& ring : rings_)
        if (ring->pop(record)) {
            any = true;
            std::string line = to_event_line(record, settings_.clients);
            write_line(line + "\n");
            if (record.action != Action::accept || record.would != Action::accept)
                recent_.add(std::move(line));
        }
    return any;
}

void EventLog::write_line(const std::string& line) {
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size()))
        ++written_;
    else
        ++failed_;
}

}  // namespace octroi
