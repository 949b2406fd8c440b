#include "metrics/sink_thread.hpp"

#include <chrono>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>

namespace octroi {

SinkThread::SinkThread(std::string name, std::unique_ptr<EventSink> sink)
    : name_(std::move(name)), sink_(std::move(sink)), thread_([this](const std::stop_token& stop) {
          be_background("events-" + name_);
          run(stop);
      }) {}

void SinkThread::offer(const Line& line) {
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() < capacity) {
            queue_.push_back(line);
            if (queue_.size() > 1)
                return;
        } else {
            return count(Loss::queue_full);
        }
    }
    wake_.notify_one();
}

void SinkThread::run(const std::stop_token& stop) {
    using std::chrono::system_clock;
    auto looked = std::chrono::steady_clock::now();
    sink_->look_after(system_clock::now());
    while (true) {
        const bool last = stop.stop_requested();
        for (const Line& line : next(stop))
            if (const auto loss = sink_->write(*line))
                count(*loss);
        if (last)
            return;
        if (const auto now = std::chrono::steady_clock::now();
            now - looked >= std::chrono::seconds(1)) {
            looked = now;
            sink_->look_after(system_clock::now());
        }
    }
}

std::deque<SinkThread::Line> SinkThread::next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::seconds(1), [&] { return !queue_.empty(); });
    return std::exchange(queue_, {});
}

void SinkThread::count(Loss loss) {
    lost_[static_cast<std::size_t>(loss)].fetch_add(1, std::memory_order_relaxed);
}

void be_background(const std::string& name) {
    constexpr int politeness = 10;
    constexpr std::size_t longest_name = 15;
    pthread_setname_np(pthread_self(), name.substr(0, longest_name).c_str());
    setpriority(PRIO_PROCESS, 0, politeness);  // of this thread alone, on Linux
}

}  // namespace octroi
