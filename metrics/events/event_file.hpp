#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

namespace octroi {

/// The lines of a file of events, gzipped or not, read once and in bounded memory.
class EventFile {
  public:
    enum class Next : std::uint8_t { line, too_long, end };

    static constexpr std::size_t max_line = 1UL << 20U;

    /// The error says why `path` can't be read.
    [[nodiscard]] static std::expected<EventFile, std::string> open(const std::string& path);

    EventFile(EventFile&&) noexcept;
    EventFile& operator=(EventFile&&) noexcept;
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;
    ~EventFile();

    /// Gives the next line without its end; the last one may lack it. Of one that is too long
    /// nothing is given.
    [[nodiscard]] Next next(std::string& line);

    /// Octets of the file, as it lies there, that were read so far.
    [[nodiscard]] std::uint64_t octets() const;

    /// Why the file ended before its end; empty where it did not.
    [[nodiscard]] const std::string& cut_off() const;

    /// Of the file as it lies there, once `next` has given `end`: 64 hexadecimal digits.
    [[nodiscard]] std::string sha256();

  private:
    class Inflater;
    struct Source;

    explicit EventFile(std::unique_ptr<Source> source);

    std::unique_ptr<Source> source_;
    std::string text_;  ///< read and not given yet, from `begin_` on
    std::size_t begin_ = 0;
};

}  // namespace octroi
