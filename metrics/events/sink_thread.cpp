#include "metrics/events/sink_thread.hpp"

#include <chrono>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>

#include "metrics/threads/within_memory.hpp"

namespace octroi {

SinkThread::SinkThread(std::string name, std::unique_ptr<EventSink> sink)
    : name_(std::move(name)), sink_(std::move(sink)), thread_([this](const std::stop_token& stop) {
          be_background("events-" + name_);
          run(stop);
      }) {}

void SinkThread::offer(const Line& line) {
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() == capacity || !within_memory([&] { queue_.push_back(line); }))
            return count(Loss::queue_full);
        if (queue_.size() > 1)
            return;
    }
    wake_.notify_one();
}

void SinkThread::run(const std::stop_token& stop) {
    auto looked = std::chrono::steady_clock::now();
    look_after();
    while (true) {
        const bool last = stop.stop_requested();
        await_lines(stop);
        for (const Line& line : taken_)
            write(line);
        taken_.clear();
        if (last)
            return;
        if (const auto now = std::chrono::steady_clock::now();
            now - looked >= std::chrono::seconds(1)) {
            looked = now;
            look_after();
        }
    }
}

// Two queues that change places need no memory.
void SinkThread::await_lines(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::seconds(1), [&] { return !queue_.empty(); });
    taken_.swap(queue_);
}

void SinkThread::write(const Line& line) {
    const bool tried = within_memory([&] {
        if (const auto loss = sink_->write(*line))
            count(*loss);
    });
    if (!tried)
        count(Loss::write_failed);
}

// What there was no memory for is done a second later.
void SinkThread::look_after() {
    static_cast<void>(
        within_memory([this] { sink_->look_after(std::chrono::system_clock::now()); }));
}

void SinkThread::count(Loss loss) {
    lost_[static_cast<std::size_t>(loss)].fetch_add(1, std::memory_order_relaxed);
}

void be_background(const std::string& name) {
    constexpr int politeness = 10;
    constexpr std::size_t longest_name = 15;
    // Of this thread alone, on Linux. A thread that gets neither works as well.
    static_cast<void>(pthread_setname_np(pthread_self(), name.substr(0, longest_name).c_str()));
    static_cast<void>(setpriority(PRIO_PROCESS, 0, politeness) == 0);
}

}  // namespace octroi
