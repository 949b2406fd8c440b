// Property: any file is a file of tests whose results are told, each once, or a list of findings;
// what is asked may be any text, and nothing throws.
#include "daemon/commands/policy_test_runner.hpp"
#include "tests/fuzz/findings.hpp"
#include "tests/unit/temporary_folder.hpp"

using octroi::fuzz::require;

namespace {

// The file `p` beside the tests.
constexpr std::string_view tested_policy =
    "octroi: 1\n"
    "zones: {pilot: {networks: [10.20.4.0/24]}}\n"
    "rules:\n"
    "  - {name: b, then: reject, when: {service: zoom, zone: pilot}, hours: [Mon-Fri "
    "07:00-20:00]}\n"
    "  - {name: c, then: drop, mode: monitor, when: {port: [443], transport: udp}}\n"
    "  - {name: d, then: drop, when: {protocol: SSH, name: [example.org]}}\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const octroi::TemporaryFolder folder;
    static const std::string beside = folder.write("p", tested_policy);
    const auto run = octroi::run_policy_tests(folder.write("tests.yaml", octroi::Bytes(data, size)),
                                              std::nullopt);
    if (!run) {
        octroi::fuzz::check_refusal(run.error());
        return 0;
    }
    require(run->failures() <= run->results.size() && run->unreached.size() <= run->rules.size());
    for (const auto& result : run->results)
        require(result.line >= 1);
    return 0;
}
