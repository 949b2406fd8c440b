#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/config/config.hpp"

namespace octroi {

/// How many packets had met the queue rule when an octroi process last looked, in a file that the
/// next process reads: what met it since, no process was there for. Of use under `on_failure:
/// open`, where the kernel passes such packets and counts them nowhere else.
class GapRecord {
  public:
    /// In folder(); without one, or where the file can't be opened, nothing is known and nothing
    /// kept.
    [[nodiscard]] static GapRecord of(OnFailure on_failure);

    /// The service's state folder ($STATE_DIRECTORY, systemd.exec(5)); empty where the environment
    /// names none, and where nothing passes without octroi.
    [[nodiscard]] static std::string folder(OnFailure on_failure);

    explicit GapRecord(const std::string& path);
    GapRecord(const GapRecord&) = delete;
    GapRecord& operator=(const GapRecord&) = delete;
    GapRecord(GapRecord&&) = delete;
    GapRecord& operator=(GapRecord&&) = delete;
    ~GapRecord();

    /// How many of the `to_queue` packets came after the last note. All of them where the rule was
    /// made since (it counts less than noted) and where there is no note of this boot.
    [[nodiscard]] std::uint64_t unseen(std::uint64_t to_queue) const;

    void note(std::uint64_t to_queue) const;

  private:
    GapRecord() = default;

    int file_ = -1;
    std::string boot_;  ///< of this boot, with the blank behind it: a rule's counters begin anew
};

}  // namespace octroi
