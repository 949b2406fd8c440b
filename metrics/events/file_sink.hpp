#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "metrics/events/event_sink.hpp"

namespace octroi {

/// A file of events. It is put aside as NAME-20261127T031500Z.EXTENSION when it is large or a
/// period has passed, and such files are removed when they are old or too many. A file that is
/// moved away or deleted is replaced within a second.
class FileSink : public EventSink {
  public:
    struct Settings {
        std::string path;
        std::uint64_t rotate_octets = 100ULL << 20U;
        std::chrono::hours rotate_age{24};  ///< periods are counted from 1970 on, in UTC
        std::chrono::days keep_age{180};
        std::uint64_t keep_octets = 10ULL << 30U;  ///< of the files put aside, together
    };

    /// The error is what to tell the administrator: there is no such place. A file that can't be
    /// opened for another reason is tried again every second.
    [[nodiscard]] static std::expected<std::unique_ptr<FileSink>, std::string> open(
        const Settings& settings);

    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;
    FileSink(FileSink&&) = delete;
    FileSink& operator=(FileSink&&) = delete;

    /// Takes back a line that was cut short and never finished.
    ~FileSink() override;

    void look_after(Time now) override;

  protected:
    [[nodiscard]] ssize_t put(std::string_view text) override;
    void prepare(std::size_t length) override;

  private:
    explicit FileSink(Settings settings) : settings_(std::move(settings)) {}

    void open_file();
    void close_file();
    [[nodiscard]] bool is_in_place() const;
    void rotate(Time now);
    void remove_old(Time now) const;
    [[nodiscard]] std::int64_t period_of(Time time) const;

    Settings settings_;
    int file_ = -1;
    int error_ = 0;  ///< why the file is not open
    std::uint64_t size_ = 0;
    bool is_device_ = false;   ///< which is never put aside
    std::int64_t period_ = 0;  ///< of the newest line
    Time cleaned_;
};

}  // namespace octroi
