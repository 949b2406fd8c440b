#include "daemon/worker.hpp"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <pthread.h>

#include "daemon/confinement.hpp"

namespace octroi {
namespace {

Time now() {
    return std::chrono::system_clock::now();
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
                                           {{"queue", std::to_string(parts_.queue.number())}})) {}

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
        beat(now());
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
    const Time time = now();
    for (const QueuedPacket& queued : batch)
        answer(queued, *ruleset, time);
    parts_.queue.send_verdicts();
    answered_.store(answered() + batch.size(), std::memory_order_relaxed);
    beat(time);
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
    if (parts_.events != nullptr && step.unreadable)
        parts_.events->offer(parts_.index, std::move(*step.unreadable));
}

void Worker::report(std::optional<FlowRecord> record) {
    if (parts_.events != nullptr && record && is_event(*record))
        parts_.events->offer(parts_.index, std::move(*record));
}

}  // namespace octroi
