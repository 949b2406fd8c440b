#include "daemon/worker.hpp"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <pthread.h>

#include "daemon/confinement.hpp"

namespace octroi {
namespace {

Time wall_time() {
    return std::chrono::system_clock::now();
}

// By which flows live and are forgotten: it starts as the clock on the wall, and nobody sets it.
Time packet_time() {
    using std::chrono::steady_clock;
    static const Time started = wall_time();
    static const steady_clock::time_point since = steady_clock::now();
    return started + (steady_clock::now() - since);
}

}  // namespace

Worker::Worker(Parts parts)
    : parts_(std::move(parts)),
      pipeline_(parts_.pipeline, PipelineSeries(parts_.registry, parts_.index),
                parts_.registry.worker(parts_.index)),
      heartbeat_(parts_.registry.slot(
          "octroi_worker_heartbeat_timestamp_seconds", "When the worker last went round its loop.",
          MetricType::gauge, {{"worker", std::to_string(parts_.index)}})),
      verdict_errors_(parts_.registry.slot("octroi_nfqueue_verdict_errors_total",
                                           "Verdicts that the kernel refused.", MetricType::counter,
                                           {{"queue", std::to_string(parts_.queue.number())}})),
      events_dropped_(parts_.registry.slot("octroi_events_dropped_total",
                                           "Events that were not written.", MetricType::counter,
                                           {{"reason", "ring_full"}})) {}

void Worker::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), fmt::format("worker-{}", parts_.index).c_str());
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
        while (process_batch()) {
        }
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

bool Worker::process_batch() {
    const auto batch = parts_.queue.receive();
    if (batch.empty())
        return false;
    const auto ruleset = parts_.ruleset.load();
    const Time time = packet_time();
    for (const QueuedPacket& queued : batch)
        answer(queued, *ruleset, time);
    parts_.queue.send_verdicts();
    answered_.store(answered() + batch.size(), std::memory_order_relaxed);
    beat(wall_time());
    return true;
}

void Worker::answer(const QueuedPacket& queued, const Ruleset& ruleset, Time time) {
    const PacketContext context{.time = time,
                                .input_interface = queued.input_interface,
                                .output_interface = queued.output_interface,
                                .mark = queued.mark};
    Pipeline::Step step = pipeline_.process(queued.ip_packet, context, ruleset);
    parts_.queue.add_verdict(queued, step.verdict, step.rewritten);
    report(std::move(step.record));
    report(std::move(step.refused_name));
}

void Worker::report(std::optional<FlowRecord> record) {
    if (parts_.events == nullptr || !record)
        return;
    record->time = wall_time();
    if (is_event(*record) && !parts_.events->offer(parts_.index, std::move(*record)))
        parts_.registry.worker(parts_.index).add(events_dropped_);
}

}  // namespace octroi
