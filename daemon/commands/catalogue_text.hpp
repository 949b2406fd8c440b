#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/refresh/refresh_guard.hpp"
#include "rules/services/catalogue.hpp"

namespace octroi {

/// "there is no service `zom`, did you mean `zoom`?"
[[nodiscard]] std::string no_such_service(std::string_view name, const Catalogue& catalogue);

/// "64:ff9b::aa72:3402 is 170.114.52.2 behind NAT64"
[[nodiscard]] std::string dress_text(const Address& address, const EmbeddedAddress& inside);

/// The difference for people: a line each, the first 40 of a kind.
[[nodiscard]] std::string refresh_text(const Service& service, const Difference& difference);

/// The difference as a JSON object on one line. `written` is the path of the new entry, or empty.
[[nodiscard]] std::string refresh_json(const Service& service, const Difference& difference,
                                       std::span<const Refusal> refused, std::string_view written);

}  // namespace octroi
