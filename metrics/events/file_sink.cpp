#include "metrics/events/file_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace octroi {
namespace {

namespace fs = std::filesystem;

constexpr mode_t log_mode = 0640;
constexpr int no_file = ESPIPE;  // a pipe, a socket
constexpr std::string_view stamp_shape = "00000000T000000Z";

Time now() {
    return std::chrono::system_clock::now();
}

// In the name of a file put aside: its newest event is not newer. Stamps sort as their times do.
std::string stamp(Time time) {
    return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                std::chrono::floor<std::chrono::seconds>(time))));
}

bool is_stamp(std::string_view text) {
    return std::ranges::equal(text, stamp_shape, [](char c, char shape) {
        return shape == '0' ? c >= '0' && c <= '9' : c == shape;
    });
}

fs::path put_aside(const fs::path& file, std::string_view stamp) {
    return file.parent_path() /
           fmt::format("{}-{}{}", file.stem().string(), stamp, file.extension().string());
}

struct OldFile {
    std::string stamp;
    fs::path path;
    std::uint64_t octets = 0;
};

// What rotate() put aside, newest first. Nothing else is ever removed.
std::vector<OldFile> old_files(const fs::path& file) {
    std::vector<OldFile> found;
    std::error_code error;
    const std::string prefix = file.stem().string() + "-";
    const fs::path folder = file.parent_path().empty() ? "." : file.parent_path();
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with(prefix) || name.size() < prefix.size() + stamp_shape.size())
            continue;
        const std::string stamp = name.substr(prefix.size(), stamp_shape.size());
        std::error_code unreadable;
        if (is_stamp(stamp) && name == put_aside(file, stamp).filename() &&
            fs::is_regular_file(entry->symlink_status(unreadable)))
            found.push_back(
                {.stamp = stamp, .path = entry->path(), .octets = entry->file_size(unreadable)});
    }
    std::ranges::sort(found, std::greater{}, &OldFile::stamp);
    return found;
}

}  // namespace

std::expected<std::unique_ptr<FileSink>, std::string> FileSink::open(const Settings& settings) {
    std::unique_ptr<FileSink> sink(new FileSink(settings));
    sink->open_file();
    const int error = sink->error_;
    if (error == no_file || error == ENXIO)  // a pipe without a reader
        return std::unexpected(fmt::format(
            "the event file {} is no file: `-` is the standard output, `socket` a local "
            "socket",
            settings.path));
    if (error == ENOENT || error == ENOTDIR || error == EISDIR)
        return std::unexpected(fmt::format("can't open the event file {}: {}", settings.path,
                                           std::generic_category().message(error)));
    return sink;
}

FileSink::~FileSink() {
    // Reached only where the disk is still full.
    if (is_cut() && file_ >= 0)
        static_cast<void>(ftruncate(file_, static_cast<off_t>(size_ - cut_at())) == 0);
    close_file();
}

void FileSink::look_after(Time now) {
    if (file_ >= 0 && !is_in_place())
        close_file();
    if (file_ < 0)
        open_file();
    static_cast<void>(finish());
    if (now - cleaned_ < std::chrono::hours(1) && now >= cleaned_)
        return;
    remove_old(now);
    cleaned_ = now;
}

ssize_t FileSink::put(std::string_view text) {
    if (file_ < 0) {
        errno = error_;
        return -1;
    }
    const ssize_t written = ::write(file_, text.data(), text.size());
    if (written > 0)
        size_ += static_cast<std::uint64_t>(written);
    return written;
}

void FileSink::prepare(std::size_t length) {
    const Time time = now();
    const bool due = size_ + length > settings_.rotate_octets || period_of(time) != period_;
    if (size_ > 0 && due && file_ >= 0 && !is_device_)
        rotate(time);
    period_ = period_of(time);
}

void FileSink::open_file() {
    // O_NONBLOCK: to open a pipe would wait for its reader.
    constexpr int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    file_ = ::open(settings_.path.c_str(), flags, log_mode);
    struct stat status{};
    error_ = file_ < 0 || fstat(file_, &status) != 0 ? errno : 0;
    is_device_ = S_ISCHR(status.st_mode);
    if (error_ == 0 && !S_ISREG(status.st_mode) && !is_device_) {
        close_file();
        error_ = no_file;
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    period_ = period_of(Time(std::chrono::seconds(status.st_mtime)));
}

void FileSink::close_file() {
    if (file_ >= 0)
        ::close(file_);
    file_ = -1;
    forget_rest();
}

bool FileSink::is_in_place() const {
    struct stat open{};
    struct stat named{};
    return fstat(file_, &open) == 0 && stat(settings_.path.c_str(), &named) == 0 &&
           open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

// Where that fails the file goes on, and the next line tries again. No file takes another one's
// place: within one second two have the same name.
void FileSink::rotate(Time now) {
    const fs::path target = put_aside(settings_.path, stamp(now));
    std::error_code error;
    if (fs::exists(fs::symlink_status(target, error)) ||
        std::rename(settings_.path.c_str(), target.c_str()) != 0)
        return;
    close_file();
    open_file();
    remove_old(now);
}

void FileSink::remove_old(Time now) const {
    const std::string oldest = stamp(now - settings_.keep_age);
    std::uint64_t octets = 0;
    for (const OldFile& file : old_files(settings_.path)) {
        octets += file.octets;
        std::error_code ignored;
        if (file.stamp < oldest || octets > settings_.keep_octets)
            fs::remove(file.path, ignored);
    }
}

std::int64_t FileSink::period_of(Time time) const {
    return std::chrono::floor<std::chrono::hours>(time.time_since_epoch()) / settings_.rotate_age;
}

}  // namespace octroi
