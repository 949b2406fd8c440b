#include "tests/bench/load/flows.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <thread>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t concurrency = 64;
constexpr std::uint64_t refused_every = 5;
constexpr auto wait_for_answer = std::chrono::seconds(2);
constexpr int flow_sweep_milliseconds = 100;
constexpr auto idle_pause = std::chrono::milliseconds(2);

enum class State : std::uint8_t { connecting, waiting, answered, reset };

struct Flow {
    Descriptor socket;
    Clock::time_point begin;
    const Buffer* first = nullptr;  ///< what it sends
    State state = State::connecting;
};

// After an error the flow is over; EAGAIN only says that nothing came yet.
State after(ssize_t result, State success) {
    if (result > 0)
        return success;
    return result < 0 && errno == EAGAIN ? State::waiting : State::reset;
}

// One step of a flow: sends when it may, then looks for an answer.
void advance(Flow& flow, const Buffer& first, std::uint32_t events) {
    if (flow.state == State::connecting && (events & (EPOLLOUT | EPOLLERR)) != 0)
        flow.state = after(send(flow.socket.number(), first.data(), first.size(), MSG_NOSIGNAL),
                           State::waiting);
    if (flow.state != State::waiting)
        return;
    std::array<std::uint8_t, 2048> answer{};
    flow.state =
        after(recv(flow.socket.number(), answer.data(), answer.size(), 0), State::answered);
}

class Client {
  public:
    Client(Plan plan, std::uint64_t flows, std::chrono::duration<double> time)
        : plan_(std::move(plan)),
          left_(flows),
          end_(Clock::now() + std::chrono::duration_cast<Clock::duration>(time)),
          epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

    Counts run() {
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < flows_.size(); ++i)
            open(i);
        auto swept = begin;
        while (running_ > 0) {
            take_events();
            if (Clock::now() - swept < std::chrono::milliseconds(flow_sweep_milliseconds))
                continue;
            swept = Clock::now();
            give_up_silent(swept);
        }
        counts_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        return counts_;
    }

  private:
    void open(std::size_t slot) {
        flows_[slot].reset();
        if (left_ == 0 || Clock::now() > end_)
            return;
        --left_;
        ++running_;
        Flow& flow = flows_[slot].emplace();
        flow.begin = Clock::now();
        const auto& firsts = left_ % refused_every == 0 ? plan_.refused : plan_.passed;
        flow.first = &firsts[left_ % firsts.size()];
        flow.socket = connected(plan_.kind, plan_.sources.next(), plan_.server);
        watch(epoll_, flow.socket.number(), slot);
    }

    void take_events() {
        std::array<epoll_event, concurrency> events{};
        const int count =
            epoll_wait(epoll_.number(), events.data(), concurrency, flow_sweep_milliseconds);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            auto& flow = flows_[event.data.u64];
            if (!flow)
                continue;
            advance(*flow, *flow->first, event.events);
            if (flow->state == State::answered)
                finish(event.data.u64, counts_.answered);
            else if (flow->state == State::reset)
                finish(event.data.u64, counts_.reset);
        }
    }

    void give_up_silent(Clock::time_point now) {
        for (std::size_t i = 0; i < flows_.size(); ++i)
            if (flows_[i] && now - flows_[i]->begin > wait_for_answer)
                finish(i, counts_.timed_out);
    }

    void finish(std::size_t slot, std::uint64_t& count) {
        ++count;
        --running_;
        open(slot);
    }

    Plan plan_;
    std::uint64_t left_;
    Clock::time_point end_;
    Descriptor epoll_;
    std::array<std::optional<Flow>, concurrency> flows_;
    std::size_t running_ = 0;
    Counts counts_;
};

void await(const Flow& flow, short events) {
    pollfd watched{.fd = flow.socket.number(), .events = events, .revents = 0};
    if (poll(&watched, 1, 2000) != 1) {
        errno = ETIMEDOUT;
        fail("a timed flow");
    }
}

}  // namespace

Counts make_flows(Plan plan, std::uint64_t flows, std::chrono::duration<double> time) {
    return Client(std::move(plan), flows, time).run();
}

std::vector<double> time_flows(Plan plan, std::uint64_t count, const Buffer& first) {
    std::vector<double> times;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::this_thread::sleep_for(idle_pause);
        Flow flow;
        const sockaddr_in source = plan.sources.next();
        const auto begin = Clock::now();
        flow.socket = connected(plan.kind, source, plan.server);
        await(flow, POLLOUT);
        advance(flow, first, EPOLLOUT);
        while (flow.state == State::waiting) {
            await(flow, POLLIN);
            advance(flow, first, EPOLLIN);
        }
        times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
    std::ranges::sort(times);
    return times;
}

}  // namespace load
