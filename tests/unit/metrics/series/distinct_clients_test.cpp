#include "metrics/series/distinct_clients.hpp"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace octroi;

namespace {

const absl::Time noon = absl::FromUnixSeconds(1796040000);  // 2026-11-30 12:00 UTC

Address client(unsigned number) {
    return v4_address({10, static_cast<std::uint8_t>(number >> 16U),
                       static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}

void add_clients(DistinctClients& clients, DistinctClients::Cell cell, unsigned first,
                 unsigned last) {
    for (unsigned i = first; i < last; ++i)
        clients.add(cell, client(i));
}

// The value of a series; -1 where it is not exported.
double told(const DistinctClients& clients, std::string_view name, const Labels& labels) {
    for (const Family& family : clients.collect())
        if (family.name == name)
            for (const Family::Sample& sample : family.samples)
                if (sample.labels == labels)
                    return sample.value;
    return -1;
}

double of_service(const DistinctClients& clients, const char* service, const char* zone,
                  const char* window) {
    return told(clients, "octroi_distinct_clients",
                {{"service", service}, {"zone", zone}, {"window", window}});
}

double of_category(const DistinctClients& clients, const char* category, const char* window) {
    return told(clients, "octroi_distinct_category_clients",
                {{"category", category}, {"zone", "pilot"}, {"window", window}});
}

}  // namespace

TEST_SUITE("distinct clients") {
    TEST_CASE("a client counts once, in both windows, whatever it does") {
        DistinctClients clients(noon);
        const auto cell = clients.cell("visio", "video-conferencing", "pilot");
        for (int i = 0; i < 5; ++i)
            add_clients(clients, cell, 0, 40);
        CHECK(of_service(clients, "visio", "pilot", "hour") == 40);
        CHECK(of_service(clients, "visio", "pilot", "day") == 40);
    }

    TEST_CASE("fewer than ten clients are not told, nor is one more of them") {
        DistinctClients clients(noon);
        const auto cell = clients.cell("visio", "video-conferencing", "pilot");
        add_clients(clients, cell, 0, 9);
        CHECK(of_service(clients, "visio", "pilot", "hour") == -1);
        CHECK(of_category(clients, "video-conferencing", "hour") == -1);
        add_clients(clients, cell, 9, 12);
        CHECK(of_service(clients, "visio", "pilot", "hour") == 10);
    }

    TEST_CASE("values are rounded to tens, and to two digits from a hundred on") {
        CHECK(DistinctClients::rounded(14.9) == 10);
        CHECK(DistinctClients::rounded(94) == 90);
        CHECK(DistinctClients::rounded(99) == 100);
        CHECK(DistinctClients::rounded(996) == 1000);
        CHECK(DistinctClients::rounded(1234) == 1200);
        CHECK(DistinctClients::rounded(987'654) == 990'000);
    }

    TEST_CASE("a category counts a client of two of its services once, and flows of none nowhere") {
        DistinctClients clients(noon);
        add_clients(clients, clients.cell("visio", "video-conferencing", "pilot"), 0, 60);
        add_clients(clients, clients.cell("zoom", "video-conferencing", "pilot"), 30, 80);
        add_clients(clients, clients.cell("unknown", "", "pilot"), 0, 90);
        CHECK(of_category(clients, "video-conferencing", "hour") == 80);
        CHECK(of_service(clients, "zoom", "pilot", "hour") == 50);
        CHECK(of_service(clients, "unknown", "pilot", "hour") == 90);
        CHECK(of_category(clients, "", "hour") == -1);
    }

    TEST_CASE("an hour ends with what it noted, the day goes on") {
        DistinctClients clients(noon);
        const auto cell = clients.cell("visio", "video-conferencing", "pilot");
        add_clients(clients, cell, 0, 40);
        clients.turn(noon + absl::Minutes(59));
        CHECK(of_service(clients, "visio", "pilot", "hour") == 40);
        clients.turn(noon + absl::Minutes(60));
        CHECK(of_service(clients, "visio", "pilot", "hour") == -1);
        CHECK(of_service(clients, "visio", "pilot", "day") == 40);
        clients.turn(noon + absl::Hours(12));
        CHECK(of_service(clients, "visio", "pilot", "day") == -1);
    }

    TEST_CASE("a clock that is set back begins a new window") {
        DistinctClients clients(noon);
        const auto cell = clients.cell("visio", "video-conferencing", "pilot");
        add_clients(clients, cell, 0, 40);
        clients.turn(noon - absl::Hours(1));
        CHECK(of_service(clients, "visio", "pilot", "hour") == -1);
    }

    TEST_CASE("the same labels get the same sketch, so a reload loses nothing") {
        DistinctClients clients(noon);
        CHECK(clients.cell("visio", "video-conferencing", "a") ==
              clients.cell("visio", "video-conferencing", "a"));
        CHECK(clients.cell("visio", "video-conferencing", "a") !=
              clients.cell("visio", "video-conferencing", "b"));
    }

    TEST_CASE("what finds no sketch is counted as such, and the memory stays what it is") {
        DistinctClients clients(noon);
        for (unsigned i = 0; i < DistinctClients::capacity; ++i)
            CHECK(clients.cell("visio", "video-conferencing", fmt::format("z{}", i)) == i);
        const auto cell = clients.cell("visio", "video-conferencing", "one-more");
        CHECK(cell == DistinctClients::no_cell);
        clients.add(cell, client(1));
        CHECK(told(clients, "octroi_distinct_clients_uncounted_flows_total", {}) == 1);
    }

    TEST_CASE("workers note and a scrape reads while the windows turn") {
        DistinctClients clients(noon);
        const auto cell = clients.cell("visio", "video-conferencing", "pilot");
        std::atomic<bool> stop{false};
        std::thread worker([&] {
            while (!stop)
                add_clients(clients, cell, 0, 50);
        });
        for (int i = 1; i < 30; ++i) {
            clients.turn(noon + absl::Hours(i));
            CHECK(of_service(clients, "visio", "pilot", "hour") <= 50);
        }
        stop = true;
        worker.join();
    }
}
