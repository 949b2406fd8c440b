#include "daemon/gateway/bypass_record.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace octroi {
namespace {

std::string boot_id() {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
}

}  // namespace

BypassRecord BypassRecord::in(const std::string& folder) {
    return folder.empty() ? BypassRecord() : BypassRecord(folder + "/met-the-queue-rule");
}

BypassRecord::BypassRecord(const std::string& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)),
      boot_(boot_id() + " ") {
    if (!file_.is_open())
        spdlog::warn("{} can't be opened: {}. What passes while no octroi runs will not be counted",
                     path, std::generic_category().message(errno));
}

std::uint64_t BypassRecord::unseen(std::uint64_t to_queue) const {
    if (!file_.is_open())
        return 0;
    std::array<char, 128> buffer{};
    const ssize_t length = pread(file_.get(), buffer.data(), buffer.size(), 0);
    const std::string_view text(buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    std::uint64_t noted = 0;
    if (text.starts_with(boot_))
        std::from_chars(text.data() + boot_.size(), text.data() + text.size(), noted);
    return noted <= to_queue ? to_queue - noted : to_queue;
}

void BypassRecord::note(std::uint64_t to_queue) const {
    if (!file_.is_open())
        return;
    // Always as long: a note replaces the earlier one whole.
    const std::string text = fmt::format("{}{:020}\n", boot_, to_queue);
    if (pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        spdlog::debug("the count of the queue rule could not be noted");
}

}  // namespace octroi
