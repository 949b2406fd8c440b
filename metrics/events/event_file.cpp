#include "metrics/events/event_file.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <zlib.h>

#include "classifiers/base/sha256.hpp"

namespace octroi {
namespace {

constexpr std::size_t piece = 64UL * 1024;

// RFC 1952 2.3.1: how a gzip file begins.
bool is_gzipped(std::string_view begin) {
    return begin.starts_with("\x1f\x8b");
}

}  // namespace

// gzip's members, one behind the other (RFC 1952 2.2), as pieces of them come.
class EventFile::Inflater {
  public:
    // 16: the gzip format; no other.
    Inflater() { started_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }

    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    Inflater(Inflater&&) = delete;
    Inflater& operator=(Inflater&&) = delete;

    ~Inflater() { inflateEnd(&stream_); }

    void give(std::string_view packed) {
        // zlib does not write there although its pointer is not const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream_.avail_in = static_cast<uInt>(packed.size());
    }

    // Whether it has nothing to give before it is given more.
    [[nodiscard]] bool hungry() const { return stream_.avail_in == 0 && !filled_; }

    // Whether a member has begun and not ended.
    [[nodiscard]] bool within() const { return within_; }

    // Adds at most a piece to `text`; false where what was given is not gzip.
    [[nodiscard]] bool take(std::string& text) {
        const std::size_t before = text.size();
        text.resize(before + piece);
        stream_.next_out = reinterpret_cast<Bytef*>(text.data() + before);
        stream_.avail_out = static_cast<uInt>(piece);
        const int result = started_ ? inflate(&stream_, Z_NO_FLUSH) : Z_MEM_ERROR;
        text.resize(text.size() - stream_.avail_out);
        filled_ = stream_.avail_out == 0;
        within_ = result != Z_STREAM_END;
        if (result == Z_STREAM_END)
            return inflateReset(&stream_) == Z_OK;
        return result == Z_OK || result == Z_BUF_ERROR;
    }

  private:
    z_stream stream_{};
    bool started_ = false;
    bool within_ = false;
    bool filled_ = false;  // the last piece was whole, so there may be more
};

struct EventFile::Source {
    std::ifstream file;
    std::string path;
    Sha256 hash;
    std::array<char, piece> packed{};
    std::uint64_t octets = 0;
    std::unique_ptr<Inflater> inflater;  // null: the file is plain text
    std::string cut_off;
    bool ended = false;

    std::string_view read() {
        file.read(packed.data(), static_cast<std::streamsize>(packed.size()));
        const std::string_view text(packed.data(), static_cast<std::size_t>(file.gcount()));
        if (octets == 0 && is_gzipped(text))
            inflater = std::make_unique<Inflater>();
        hash.add(text);
        octets += text.size();
        if (file.bad())
            cut_off = fmt::format("can't read {} to its end", path);
        return text;
    }

    // Adds more text, or ends. After broken gzip the rest is read for the hash's sake alone.
    void more(std::string& text) {
        if (inflater == nullptr || inflater->hungry()) {
            const std::string_view got = read();
            if (got.empty()) {
                ended = true;
                if (inflater != nullptr && inflater->within() && cut_off.empty())
                    cut_off = fmt::format("{} ends in the middle of its gzip data", path);
                return;
            }
            if (inflater == nullptr) {
                text.append(got);
                return;
            }
            inflater->give(got);
        }
        if (inflater->take(text))
            return;
        cut_off = fmt::format("the gzip data of {} are damaged", path);
        ended = true;
        while (!read().empty()) {
        }
    }
};

std::expected<EventFile, std::string> EventFile::open(const std::string& path) {
    auto source = std::make_unique<Source>();
    source->path = path;
    source->file.open(path, std::ios::binary);
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return std::unexpected(fmt::format("{} is a folder", path));
    if (!source->file)
        return std::unexpected(
            fmt::format("can't read {}: {}", path, std::generic_category().message(errno)));
    return EventFile(std::move(source));
}

EventFile::EventFile(std::unique_ptr<Source> source) : source_(std::move(source)) {}

EventFile::EventFile(EventFile&&) noexcept = default;
EventFile& EventFile::operator=(EventFile&&) noexcept = default;
EventFile::~EventFile() = default;

EventFile::Next EventFile::next(std::string& line) {
    bool too_long = false;
    std::size_t looked_at = begin_;
    while (true) {
        const std::size_t end = text_.find('\n', looked_at);
        if (end != std::string::npos || source_->ended) {
            const std::size_t stop = std::min(end, text_.size());
            line.assign(text_, begin_, stop - begin_);
            too_long = too_long || line.size() > max_line;
            const bool nothing = end == std::string::npos && line.empty();
            begin_ = std::min(stop + 1, text_.size());
            if (too_long)
                return Next::too_long;
            return nothing ? Next::end : Next::line;
        }
        text_.erase(0, begin_);
        begin_ = 0;
        if (text_.size() > max_line) {
            too_long = true;
            text_.clear();
        }
        looked_at = text_.size();
        source_->more(text_);
    }
}

std::uint64_t EventFile::octets() const {
    return source_->octets;
}

const std::string& EventFile::cut_off() const {
    return source_->cut_off;
}

std::string EventFile::sha256() {
    return source_->hash.hex();
}

}  // namespace octroi
