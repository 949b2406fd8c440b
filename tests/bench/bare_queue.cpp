// usage: bare_queue FIRST_QUEUE QUEUES GENERATION
// Takes packets from queues as octroi does, a thread for each, and looks into none: what the
// kernel's queue costs by itself. A flow is accepted at its first packet of more octets than a SYN
// has, for the rules of this generation; in generation 0 never.
#include <charconv>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "daemon/kernel/nfqueue.hpp"

namespace {

using octroi::NfQueue;
using octroi::Verdict;

constexpr std::size_t longest_syn = 80;

void work(NfQueue queue, std::uint8_t generation) {
    constexpr int never = -1;
    while (true) {
        queue.wait(never);
        for (const octroi::QueuedPacket& packet : queue.receive()) {
            const bool decides = generation != 0 && packet.ip_packet.size() > longest_syn;
            const Verdict verdict =
                decides ? octroi::decided(octroi::Action::accept, generation, octroi::no_service)
                        : octroi::pass();
            queue.add_verdict(packet, verdict, {});
        }
        queue.send_verdicts();
    }
}

std::uint16_t number(std::string_view text) {
    std::uint16_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string_view> words(arguments + 1, arguments + count);
    if (words.size() != 3) {
        fmt::print(stderr, "usage: bare_queue FIRST_QUEUE QUEUES GENERATION\n");
        return 2;
    }
    std::vector<std::jthread> threads;
    for (std::uint16_t i = 0; i < number(words[1]); ++i) {
        auto queue = NfQueue::open({.number = static_cast<std::uint16_t>(number(words[0]) + i),
                                    .mark = octroi::MarkLayout()});
        if (!queue) {
            fmt::print(stderr, "bare_queue: {}\n", queue.error());
            return 2;
        }
        threads.emplace_back(work, std::move(*queue), static_cast<std::uint8_t>(number(words[2])));
    }
    fmt::print("ready\n");
    std::fflush(stdout);
}
