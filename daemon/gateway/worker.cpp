#include "daemon/gateway/worker.hpp"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <pthread.h>

#include "daemon/confinement/confinement.hpp"
#include "metrics/series/names.hpp"

namespace octroi {
namespace {

Time wall_time() {
    return std::chrono::system_clock::now();
}

// From one packet alone to a full batch of large ones.
Histogram::Scale duration_scale() {
    constexpr std::uint64_t microsecond = 1'000;
    Histogram::Scale scale{.bounds = {}, .unit = 1e-9};
    for (const std::uint64_t bound :
         {10U, 25U, 50U, 100U, 250U, 500U, 1000U, 2500U, 10'000U, 100'000U})
        scale.bounds.push_back(bound * microsecond);
    return scale;
}

// By which flows live and are forgotten: it starts as the clock on the wall, and nobody sets it.
Time packet_time() {
    using std::chrono::steady_clock;
    static const Time started = wall_time();
    static const steady_clock::time_point since = steady_clock::now();
    return started + (steady_clock::now() - since);
}

Pipeline::Settings begun_now(Pipeline::Settings settings) {
    settings.began = packet_time();
    return settings;
}

}  // namespace

Worker::Worker(Parts parts)
    : parts_(std::move(parts)),
      pipeline_(begun_now(parts_.pipeline), PipelineSeries(parts_.registry, parts_.index),
                parts_.registry.worker(parts_.index)),
      heartbeat_(parts_.registry.slot(
          metric::worker_heartbeat_timestamp_seconds, "When the worker last went round its loop.",
          MetricType::gauge, {{"worker", std::to_string(parts_.index)}})),
      verdict_errors_(parts_.registry.slot(metric::nfqueue_verdict_errors_total,
                                           "Verdicts that the kernel refused.", MetricType::counter,
                                           {{"queue", std::to_string(parts_.queue.number())}})),
      busy_(parts_.registry.slot(metric::worker_busy_seconds_total,
                                 "How long the worker was at work on packets.",
                                 MetricType::duration, {{"worker", std::to_string(parts_.index)}})),
      verdict_duration_(parts_.registry.histogram(
          metric::verdict_duration_seconds,
          "How long a packet was in the worker's hands, from its receipt to its verdict.",
          duration_scale())) {
    pipeline_.flows().claim();
}

void Worker::start() {
    thread_ = std::thread([this] {
        // For ps alone.
        static_cast<void>(
            pthread_setname_np(pthread_self(), fmt::format("worker-{}", parts_.index).c_str()));
        run();
    });
}

void Worker::join() {
    if (thread_.joinable())
        thread_.join();
}

void Worker::run() {
    confine_worker_calls();
    while (true) {
        const bool last = stopping_;
        // A batch with room left has emptied the socket: asking again would only cost a call.
        for (std::size_t taken = NfQueue::batch_size;
             last ? taken > 0 : taken == NfQueue::batch_size;)
            taken = process_batch();
        if (last)
            return;
        beat(wall_time());
        parts_.queue.wait(parts_.wake);
    }
}

// Where packets never cease, the inner loop of run() does not end: each batch beats as well.
void Worker::beat(Time time) {
    WorkerCounters& counters = parts_.registry.worker(parts_.index);
    counters.set(heartbeat_,
                 static_cast<std::uint64_t>(std::chrono::system_clock::to_time_t(time)));
    counters.set(verdict_errors_, parts_.queue.verdict_errors());
    rounds_.store(rounds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

std::size_t Worker::process_batch() {
    const auto batch = parts_.queue.receive();
    if (batch.empty())
        return 0;
    const auto began = std::chrono::steady_clock::now();
    const auto ruleset = parts_.ruleset.load();
    const Time time = packet_time();
    for (const QueuedPacket& queued : batch)
        answer(queued, *ruleset, time);
    parts_.queue.send_verdicts();
    answered_.store(answered() + batch.size(), std::memory_order_relaxed);
    count_time(std::chrono::steady_clock::now() - began, batch.size());
    beat(wall_time());
    return batch.size();
}

// The packets of a batch come by one call and their verdicts go by one: they all take as long.
void Worker::count_time(std::chrono::nanoseconds taken, std::size_t packets) {
    WorkerCounters& counters = parts_.registry.worker(parts_.index);
    const auto nanoseconds = static_cast<std::uint64_t>(taken.count());
    counters.add(busy_, nanoseconds);
    verdict_duration_.observe(counters, nanoseconds, packets);
}

void Worker::answer(const QueuedPacket& queued, const Ruleset& ruleset, Time time) {
    const PacketContext context{.time = time,
                                .input_interface = queued.input_interface,
                                .output_interface = queued.output_interface,
                                .mark = queued.mark};
    Pipeline::Step step = pipeline_.process(queued.ip_packet, context, ruleset);
    parts_.queue.add_verdict(queued, step.verdict, step.rewritten);
    for (Event& event : step.events)
        report(std::move(event));
}

void Worker::report(Event event) const {
    if (parts_.events == nullptr)
        return;
    if (auto* record = std::get_if<FlowRecord>(&event)) {
        if (!is_event(*record))
            return;
        record->time = wall_time();
    }
    parts_.events->offer(parts_.index, std::move(event));
}

}  // namespace octroi
