#include "metrics/series/process_families.hpp"

#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace octroi {
namespace {

void add(std::vector<Family>& families, const char* name, const char* help, MetricType type,
         double value) {
    families.push_back({.name = name,
                        .help = help,
                        .type = type,
                        .samples = {{.labels = {}, .value = value}},
                        .buckets = {}});
}

void add_memory(std::vector<Family>& families) {
    std::ifstream file("/proc/self/statm");  // proc(5): pages, in all and resident
    double size = 0;
    double resident = 0;
    if (!(file >> size >> resident))
        return;
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    add(families, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
        MetricType::gauge, size * page);
    add(families, "process_resident_memory_bytes", "Resident memory size in bytes.",
        MetricType::gauge, resident * page);
}

void add_processor_time(std::vector<Family>& families) {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    add(families, "process_cpu_seconds_total", "User and system CPU time in seconds.",
        MetricType::counter, seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

void add_descriptors(std::vector<Family>& families) {
    std::error_code error;
    double open = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
         !error && entry != end; entry.increment(error))
        ++open;
    if (!error)  // the listing itself has one open
        add(families, "process_open_fds", "Number of open file descriptors.", MetricType::gauge,
            open - 1);
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        add(families, "process_max_fds", "Maximum number of open file descriptors.",
            MetricType::gauge, static_cast<double>(limit.rlim_cur));
}

}  // namespace

void add_process_families(std::vector<Family>& families, absl::Time started) {
    add_processor_time(families);
    add_memory(families);
    add_descriptors(families);
    add(families, "process_start_time_seconds",
        "Start time of the process since the Unix epoch in seconds.", MetricType::gauge,
        absl::ToDoubleSeconds(started - absl::UnixEpoch()));
}

}  // namespace octroi
