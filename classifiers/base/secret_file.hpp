#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

#include <sys/stat.h>

namespace octroi {

/// Why a file that holds a secret is not taken.
enum class SecretProblem : std::uint8_t {
    unreadable,  ///< `errno` says why
    irregular,   ///< no regular file
    exposed      ///< its permissions let in who must not be
};

/// The first `most` octets of the regular file `path`, none of whose permissions are of
/// `forbidden`.
[[nodiscard]] std::expected<std::string, SecretProblem> read_secret_file(const std::string& path,
                                                                         std::size_t most,
                                                                         mode_t forbidden);

}  // namespace octroi
