#include "daemon/config/token_file.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

#include "classifiers/base/secret_file.hpp"

namespace octroi {
namespace {

constexpr std::size_t least = 16;
constexpr std::size_t most = 512;

bool is_printable(char letter) {
    return letter > ' ' && letter <= '~';
}

}  // namespace

std::expected<std::optional<std::string>, std::string> read_token(
    const std::optional<std::string>& path) {
    if (!path)
        return std::nullopt;
    auto secret = read_secret_file(*path, most + 2, S_IRWXO);
    if (!secret && secret.error() == SecretProblem::unreadable)
        return std::unexpected(fmt::format("can't read the token in {}: {}", *path,
                                           std::generic_category().message(errno)));
    if (!secret)
        return std::unexpected(fmt::format(
            "{} holds a secret and must be a file that others can't reach: chmod 640", *path));
    std::string token = std::move(*secret);
    if (token.ends_with('\n'))
        token.pop_back();
    if (token.size() < least || token.size() > most || !std::ranges::all_of(token, is_printable))
        return std::unexpected(
            fmt::format("{} must hold one line of {} to {} characters without blanks: `openssl "
                        "rand -hex 32` makes one",
                        *path, least, most));
    return token;
}

}  // namespace octroi
