#include "metrics/series/process_families.hpp"

#include <map>

#include <doctest/doctest.h>

using namespace octroi;

TEST_SUITE("process families") {
    TEST_CASE("the names are those of Prometheus' client libraries, and each has a value") {
        std::vector<Family> families;
        add_process_families(families, absl::FromUnixMillis(1500));
        std::map<std::string, double> values;
        for (const Family& family : families)
            values[family.name] = family.samples.at(0).value;
        for (const char* name :
             {"process_cpu_seconds_total", "process_resident_memory_bytes",
              "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"})
            CHECK_MESSAGE(values[name] > 0, name);
        CHECK(values["process_virtual_memory_bytes"] > values["process_resident_memory_bytes"]);
        CHECK(values["process_start_time_seconds"] == 1.5);
    }
}
