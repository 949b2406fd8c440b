#include "daemon/engine/pipeline_series.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace octroi;

namespace {

template <typename Slots>
void add_all(std::multiset<Slot>& all, const Slots& slots) {
    for (const auto& item : slots)
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(item)>, Slot>)
            all.insert(item);
        else
            add_all(all, item);
}

std::multiset<Slot> all_of(const PipelineSeries& series) {
    std::multiset<Slot> all = {
        series.expired, series.evicted_idle,       series.evicted_full,    series.quota,
        series.no_name, series.flow_table_entries, series.flow_table_limit};
    add_all(all, series.redecided);
    add_all(all, series.packets);
    add_all(all, series.packet_bytes);
    add_all(all, series.decode_errors);
    add_all(all, series.parser_errors);
    add_all(all, series.exceptions);
    add_all(all, series.evidence);
    return all;
}

}  // namespace

TEST_SUITE("pipeline series") {
    TEST_CASE("every counter has a slot of its own") {
        SeriesRegistry registry(1);
        const auto all = all_of(PipelineSeries(registry, 0));
        const std::set<Slot> different(all.begin(), all.end());
        CHECK(different.size() == all.size());
        CHECK_FALSE(different.contains(0));  // the overflow series
    }

    TEST_CASE("workers share the counters, but each has its own gauges") {
        SeriesRegistry registry(2);
        const PipelineSeries one(registry, 0);
        const PipelineSeries other(registry, 1);
        CHECK(one.packets == other.packets);
        CHECK(one.exceptions == other.exceptions);
        CHECK(one.flow_table_entries != other.flow_table_entries);
        CHECK(one.flow_table_limit != other.flow_table_limit);
    }

    TEST_CASE("every error path is exported at zero from the start") {
        SeriesRegistry registry(1);
        const PipelineSeries series(registry, 0);
        std::size_t errors = 0;
        std::size_t exceptions = 0;
        for (const Family& family : registry.collect()) {
            if (family.name == "octroi_parser_errors_total")
                errors = family.samples.size();
            if (family.name == "octroi_exceptions_total")
                exceptions = family.samples.size();
        }
        CHECK(errors >= decode_error_count + parser_error_count);
        CHECK(exceptions == exception_names.size() * action_names.size());
    }
}
