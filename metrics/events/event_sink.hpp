#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "classifiers/net/packet.hpp"

namespace octroi {

/// Why a sink lost a line.
enum class Loss : std::uint8_t { queue_full, disk_full, write_failed, disconnected, stalled };

inline constexpr std::array<std::string_view, 5> loss_names = {
    "queue_full", "disk_full", "write_failed", "disconnected", "stalled"};

/// A place where events go, line by line. For one thread.
class EventSink {
  public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    EventSink(EventSink&&) = delete;
    EventSink& operator=(EventSink&&) = delete;
    virtual ~EventSink() = default;

    /// Writes a line, which has its end. Nothing, or why it was lost. A line that was cut short is
    /// not lost: the next call writes the rest of it first.
    [[nodiscard]] std::optional<Loss> write(std::string_view line);

    /// Before the first line, and once a second.
    virtual void look_after(Time now) = 0;

  protected:
    /// Writes some of `text` without waiting for long; -1 and errno where nothing can be written.
    [[nodiscard]] virtual ssize_t put(std::string_view text) = 0;

    /// Before each line.
    virtual void prepare(std::size_t /*length*/) {}

    /// Whether a line was cut short and waits for its rest.
    [[nodiscard]] bool is_cut() const { return done_ > 0; }

    /// How much of the line that was cut short was written.
    [[nodiscard]] std::size_t cut_at() const { return done_; }

    /// Gives up the rest of the line.
    void forget_rest();

    /// Writes what is left of a line. Nothing, or what prevents it.
    [[nodiscard]] std::optional<Loss> finish();

  private:
    std::string rest_;
    std::size_t done_ = 0;  ///< of it, already written
};

/// Waits until the descriptor takes something, `milliseconds` at most.
[[nodiscard]] bool is_writable(int descriptor, int milliseconds);

}  // namespace octroi
