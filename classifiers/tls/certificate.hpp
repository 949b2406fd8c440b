#pragma once

#include <optional>
#include <string>
#include <vector>

#include "classifiers/base/byte_reader.hpp"

namespace octroi {

/// The host names of an X.509 certificate (DER): the DNS names of its subjectAltName, else its
/// common name (RFC 6125 6.4). Lower case, "*." removed, at most 100; nothing where it does not
/// parse.
[[nodiscard]] std::optional<std::vector<std::string>> certificate_names(Bytes der);

}  // namespace octroi
