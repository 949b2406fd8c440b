#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {

/// How many packets had met the queue rule when an octroi process last looked, in a file that the
/// next process reads: what met it since, no process was there for. Of use under `on_failure:
/// open`, where the kernel passes such packets and counts them nowhere else.
class BypassRecord {
  public:
    /// In `folder`; where that is empty or the file can't be opened, nothing is known and nothing
    /// kept.
    [[nodiscard]] static BypassRecord in(const std::string& folder);

    explicit BypassRecord(const std::string& path);
    /// How many of the `to_queue` packets came after the last note. All of them where the rule was
    /// made since (it counts less than noted) and where there is no note of this boot.
    [[nodiscard]] std::uint64_t unseen(std::uint64_t to_queue) const;

    void note(std::uint64_t to_queue) const;

  private:
    BypassRecord() = default;

    FileDescriptor file_;
    std::string boot_;  ///< of this boot, with the blank behind it: a rule's counters begin anew
};

}  // namespace octroi
