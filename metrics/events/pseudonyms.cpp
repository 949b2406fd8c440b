#include "metrics/events/pseudonyms.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "classifiers/base/atomic_file.hpp"
#include "classifiers/base/secret_file.hpp"

namespace octroi {
namespace {

constexpr std::size_t pseudonym_octets = 16;
constexpr std::size_t epoch_octets = 4;
constexpr std::size_t least_secret = 32;
constexpr std::size_t most_secret = 4096;
constexpr std::streamoff longest_key_file = 128;

// 1970 began on a Thursday.
std::int64_t week_of(Time now) {
    constexpr auto monday = std::chrono::days(3);
    return std::chrono::floor<std::chrono::weeks>(now.time_since_epoch() + monday).count();
}

std::string week_name(Time now) {
    return fmt::format("{:%G-W%V}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                        std::chrono::floor<std::chrono::seconds>(now))));
}

std::string last_error() {
    return std::generic_category().message(errno);
}

std::expected<std::string, std::string> read_secret(const std::string& path) {
    auto secret = read_secret_file(path, most_secret, S_IRWXO | S_IWGRP);
    if (!secret && secret.error() == SecretProblem::irregular)
        return std::unexpected(
            fmt::format("the secret for pseudonyms, {}, is no regular file", path));
    if (!secret && secret.error() == SecretProblem::exposed)
        return std::unexpected(fmt::format(
            "the secret for pseudonyms, {}, is open to others: chmod 0640 or 0600", path));
    if (!secret || secret->size() < least_secret)
        return std::unexpected(
            fmt::format("the secret for pseudonyms, {}, can't be read or is shorter than {} octets",
                        path, least_secret));
    return std::move(*secret);
}

std::optional<KeyedHash> parse_key(std::string_view digits) {
    KeyedHash::Digest key{};
    if (digits.size() != 2 * key.size())
        return std::nullopt;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const char* begin = digits.data() + 2 * i;
        if (std::from_chars(begin, begin + 2, key[i], 16).ptr != begin + 2)
            return std::nullopt;
    }
    return KeyedHash(key);
}

// A short text may be a key that was damaged, and is replaced; a longer one is somebody's.
std::expected<void, std::string> check_key_file(const std::string& path) {
    std::ifstream file(path, std::ios::ate);
    if (file && file.tellg() > longest_key_file)
        return std::unexpected(fmt::format(
            "{} is no key for pseudonyms: octroi makes the file and writes it anew each week",
            path));
    return {};
}

bool keep(const std::string& path, const std::string& text) {
    const TemporaryFile draft(path);
    return draft.write(text, 0600) && draft.rename_to(path);
}

}  // namespace

std::expected<void, std::string> Pseudonyms::check(const Settings& settings) {
    if (!settings.secret_file.empty())
        if (const auto secret = read_secret(settings.secret_file); !secret)
            return std::unexpected(secret.error());
    return check_key_file(settings.key_file);
}

std::expected<Pseudonyms, std::string> Pseudonyms::open(const Settings& settings, Time now) {
    Pseudonyms pseudonyms(settings);
    if (!settings.secret_file.empty()) {
        auto secret = read_secret(settings.secret_file);
        if (!secret)
            return std::unexpected(std::move(secret.error()));
        pseudonyms.secret_ = std::move(*secret);
    }
    if (auto usable = check_key_file(settings.key_file); !usable)
        return std::unexpected(std::move(usable.error()));
    if (auto renewed = pseudonyms.renew(now); !renewed)
        return std::unexpected(std::move(renewed.error()));
    return pseudonyms;
}

// A key that can't be kept serves until the next start: no event waits for a disk.
void Pseudonyms::follow(Time now) {
    if (week_of(now) == week_)
        return;
    [[maybe_unused]] const auto renewed = renew(now);
}

std::string Pseudonyms::of(const Address& address) const {
    return hex(Bytes(key_.of(Bytes(address.bytes))).first(pseudonym_octets));
}

std::expected<void, std::string> Pseudonyms::renew(Time now) {
    week_ = week_of(now);
    const std::string week = week_name(now);
    if (!secret_.empty()) {
        // A secret of any length becomes a key first (RFC 2104 3 lets only the first block count).
        const KeyedHash long_lived(KeyedHash(KeyedHash::Digest{}).of(secret_));
        take(KeyedHash(long_lived.of("octroi pseudonyms " + week)), week);
        return {};
    }
    const auto kept = settings_.key_file.empty() ? false : take_kept(week);
    if (kept && *kept)
        return {};
    take(KeyedHash::random(), week);
    if (!kept)
        return std::unexpected(kept.error());
    if (!settings_.key_file.empty() &&
        !keep(settings_.key_file, fmt::format("{} {}\n", week, hex(key_.key()))))
        return std::unexpected(fmt::format("the key for pseudonyms can't be kept in {}: {}",
                                           settings_.key_file, last_error()));
    return {};
}

// A key that is there and can't be read is not replaced by another one.
std::expected<bool, std::string> Pseudonyms::take_kept(std::string_view week) {
    std::ifstream file(settings_.key_file);
    if (!file.is_open() && errno != ENOENT)
        return std::unexpected(fmt::format("the key for pseudonyms can't be read from {}: {}",
                                           settings_.key_file, last_error()));
    std::string of_week;
    std::string digits;
    if (!(file >> of_week >> digits) || of_week != week)
        return false;
    const auto key = parse_key(digits);
    if (key)
        take(*key, week);
    return key.has_value();
}

void Pseudonyms::take(const KeyedHash& key, std::string_view week) {
    key_ = key;
    epoch_ = fmt::format("{}-{}", week, hex(Bytes(key_.of("epoch")).first(epoch_octets)));
}

}  // namespace octroi
