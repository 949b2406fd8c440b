// Property: any file is a configuration within its bounds, or a list of findings; nothing throws.
#include "daemon/config/config.hpp"
#include "tests/fuzz/findings.hpp"
#include "tests/fuzz/memory_file.hpp"

using octroi::fuzz::require;

namespace {

void check_config(const octroi::Config& config) {
    require(octroi::parse_address(config.metrics_address).has_value());
    require(config.queue_count >= 1 && config.queue_count <= 64 && config.queue_length >= 1);
    require(config.first_queue + config.queue_count <= 65536);
    require(config.flow_limit >= 16 && config.flow_limit <= 4'000'000);
    require(config.buffer_limit >= 1UL << 20U && config.buffer_limit <= 1UL << 36U);
    require(!base_url(config).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const octroi::fuzz::MemoryFile file;
    file.write(octroi::Bytes(data, size));
    const auto config = octroi::load_config(file.path());
    if (config)
        check_config(*config);
    else
        octroi::fuzz::check_refusal(config.error());
    return 0;
}
