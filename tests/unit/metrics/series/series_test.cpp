#include "metrics/series/series.hpp"

#include <thread>

#include <doctest/doctest.h>

using namespace octroi;

namespace {

// The value of a series, or -1 where it is not exported.
double value_of(const SeriesRegistry& registry, std::string_view name, const Labels& labels = {}) {
    for (const Family& family : registry.collect())
        if (family.name == name)
            for (const Family::Sample& sample : family.samples)
                if (sample.labels == labels)
                    return sample.value;
    return -1;
}

}  // namespace

TEST_SUITE("series registry") {
    TEST_CASE("a series is the sum over all workers") {
        SeriesRegistry registry(3);
        const Slot slot = registry.slot("packets_total", "Packets.", MetricType::counter);
        registry.worker(0).add(slot);
        registry.worker(1).add(slot, 10);
        registry.worker(2).set(slot, 100);
        CHECK(value_of(registry, "packets_total") == 111);
        CHECK(registry.workers() == 3);
    }

    TEST_CASE("a series of the latest is the highest of all workers") {
        SeriesRegistry registry(3);
        const Slot slot = registry.slot("hit_timestamp_seconds", "When.", MetricType::latest);
        registry.worker(0).set(slot, 7);
        registry.worker(1).set(slot, 9);
        CHECK(value_of(registry, "hit_timestamp_seconds") == 9);
    }

    TEST_CASE("a duration is kept in nanoseconds and shown in seconds") {
        SeriesRegistry registry(2);
        const Slot slot = registry.slot("busy_seconds_total", "Busy.", MetricType::duration);
        registry.worker(0).add(slot, 250'000'000);
        registry.worker(1).add(slot, 1'000'000'000);
        CHECK(value_of(registry, "busy_seconds_total") == doctest::Approx(1.25));
    }

    TEST_CASE("a histogram counts a value in the first bucket that holds it, over all workers") {
        SeriesRegistry registry(2);
        const Histogram histogram =
            registry.histogram("delay_seconds", "Delay.", {.bounds = {10, 20}, .unit = 0.5});
        histogram.observe(registry.worker(0), 0);
        histogram.observe(registry.worker(0), 10);
        histogram.observe(registry.worker(1), 11, 3);
        histogram.observe(registry.worker(1), 21);
        const auto families = registry.collect();
        REQUIRE(families[0].buckets);
        CHECK(families[0].type == MetricType::histogram);
        CHECK(families[0].buckets->bounds == std::vector<double>{5, 10});
        CHECK(families[0].buckets->counts == std::vector<double>{2, 3, 1});
        CHECK(families[0].buckets->sum == (10 + 3 * 11 + 21) * 0.5);
    }

    TEST_CASE("a histogram that is resolved again goes on, and shares no slot with a counter") {
        SeriesRegistry registry(1);
        const auto resolve = [&] {
            return registry.histogram("sizes", "Sizes.", {.bounds = {1, 2}});
        };
        resolve().observe(registry.worker(0), 5);
        resolve().observe(registry.worker(0), 7);
        const Slot next = registry.slot("packets_total", "Packets.", MetricType::counter);
        CHECK(registry.worker(0).value(next) == 0);
        for (const Family& family : registry.collect())
            if (family.name == "sizes") {
                REQUIRE(family.buckets);
                CHECK(family.buckets->counts == std::vector<double>{0, 0, 2});
                CHECK(family.buckets->sum == 12);
            }
    }

    TEST_CASE("the same labels get the same slot, other labels another") {
        SeriesRegistry registry(1);
        const auto slot = [&](const Labels& labels) {
            return registry.slot("flows_total", "Flows.", MetricType::counter, labels);
        };
        CHECK(slot({{"zone", "a"}}) == slot({{"zone", "a"}}));
        CHECK(slot({{"zone", "a"}}) != slot({{"zone", "b"}}));
        CHECK(slot({{"zone", "a"}}) != slot({}));
    }

    TEST_CASE("a counter goes on where it was when its series is resolved again") {
        SeriesRegistry registry(1);
        const auto resolve = [&] {
            return registry.slot("flows_total", "Flows.", MetricType::counter);
        };
        registry.worker(0).add(resolve(), 5);
        registry.worker(0).add(resolve(), 2);
        CHECK(value_of(registry, "flows_total") == 7);
    }

    TEST_CASE("a series may stay out of sight until it counts") {
        SeriesRegistry registry(1);
        const Slot slot = registry.slot("rare_total", "Rare.", MetricType::counter, {},
                                        SeriesRegistry::Show::when_counted);
        CHECK(value_of(registry, "rare_total") == -1);
        registry.worker(0).add(slot);
        CHECK(value_of(registry, "rare_total") == 1);
        const Slot shown = registry.slot("shown_total", "Shown.", MetricType::counter);
        CHECK(shown != slot);
        CHECK(value_of(registry, "shown_total") == 0);
    }

    TEST_CASE("a series that was out of sight is shown once somebody asks for it") {
        SeriesRegistry registry(1);
        const auto resolve = [&](SeriesRegistry::Show show) {
            return registry.slot("rare_total", "Rare.", MetricType::counter, {}, show);
        };
        const Slot slot = resolve(SeriesRegistry::Show::when_counted);
        CHECK(resolve(SeriesRegistry::Show::always) == slot);
        CHECK(resolve(SeriesRegistry::Show::when_counted) == slot);
        CHECK(value_of(registry, "rare_total") == 0);
    }

    TEST_CASE("help and type are those of the family") {
        SeriesRegistry registry(1);
        static_cast<void>(registry.slot("depth", "How deep.", MetricType::gauge, {{"queue", "0"}}));
        const auto families = registry.collect();
        REQUIRE(families.size() >= 2);  // the overflow counter, and what sketches tell
        CHECK(families[0].name == "depth");
        CHECK(families[0].help == "How deep.");
        CHECK(families[0].type == MetricType::gauge);
        CHECK(families[1].name == "octroi_series_overflow_total");
    }

    TEST_CASE("what finds no slot any more is counted together, and nothing is overwritten") {
        SeriesRegistry registry(1);
        const Slot kept = registry.slot("kept_total", "Kept.", MetricType::counter);
        for (std::size_t i = 0; i < WorkerCounters::capacity; ++i)
            registry.worker(0).add(registry.slot("many_total", "Many.", MetricType::counter,
                                                 {{"number", std::to_string(i)}}));
        CHECK(value_of(registry, "kept_total") == 0);
        CHECK(value_of(registry, "octroi_series_overflow_total") == 2);
        CHECK(value_of(registry, "many_total", {{"number", "131069"}}) == 1);
        CHECK(value_of(registry, "many_total", {{"number", "131070"}}) == -1);
        CHECK(registry.slot("kept_total", "Kept.", MetricType::counter) == kept);
    }

    TEST_CASE("the exporter reads while a worker counts") {
        SeriesRegistry registry(1);
        const Slot slot = registry.slot("packets_total", "Packets.", MetricType::counter);
        constexpr int rounds = 20'000;
        std::thread worker([&] {
            for (int i = 0; i < rounds; ++i)
                registry.worker(0).add(slot);
        });
        double last = 0;
        for (int i = 0; i < 100; ++i) {
            const double now = value_of(registry, "packets_total");
            CHECK(now >= last);
            last = now;
        }
        worker.join();
        CHECK(value_of(registry, "packets_total") == rounds);
    }
}
