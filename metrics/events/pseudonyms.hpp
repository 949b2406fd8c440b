#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "classifiers/net/address.hpp"
#include "classifiers/net/packet.hpp"
#include "metrics/events/keyed_hash.hpp"

namespace octroi {

/// Names for clients that hold for one week (docs/decisions/0016): HMAC-SHA-256 of the address
/// under a key that is gone when the week is. Weeks are ISO 8601's, in UTC.
class Pseudonyms {
  public:
    struct Settings {
        std::string key_file;     ///< keeps the week's key over restarts; empty: memory alone
        std::string secret_file;  ///< shared by gateways; each week's key is made from it
    };

    /// Whether the files can serve, as they are. The error is what to tell the administrator.
    [[nodiscard]] static std::expected<void, std::string> check(const Settings& settings);

    /// The error is what to tell the administrator.
    [[nodiscard]] static std::expected<Pseudonyms, std::string> open(const Settings& settings,
                                                                     Time now);

    /// Takes the key of `now`'s week. Two pseudonyms with equal epochs are of the same client where
    /// they are equal.
    void follow(Time now);

    /// 32 hexadecimal digits.
    [[nodiscard]] std::string of(const Address& address) const;

    /// The week and the key's own name: "2026-W48-1a2b3c4d".
    [[nodiscard]] const std::string& epoch() const { return epoch_; }

  private:
    explicit Pseudonyms(Settings settings)
        : settings_(std::move(settings)), key_(KeyedHash::random()) {}

    void take(const KeyedHash& key, std::string_view week);
    [[nodiscard]] std::expected<bool, std::string> take_kept(std::string_view week);
    [[nodiscard]] std::expected<void, std::string> renew(Time now);

    Settings settings_;
    std::string secret_;
    KeyedHash key_;
    std::int64_t week_ = -1;  ///< since 1970
    std::string epoch_;
};

}  // namespace octroi
