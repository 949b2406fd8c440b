#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/net/address.hpp"
#include "classifiers/net/domain.hpp"
#include "rules/text/diagnostic.hpp"

namespace octroi {

/// The formats in which vendors publish lists; docs/catalogue.md describes them.
enum class ListFormat : std::uint8_t { automatic, text, microsoft, google, aws, zoom };

inline constexpr std::array<std::string_view, 6> list_format_names = {"auto",   "text", "microsoft",
                                                                      "google", "aws",  "zoom"};

/// Which list of a catalogue entry networks stand in.
enum class AddressKind : std::uint8_t { exclusive, exclusive_udp, shared };

inline constexpr std::array<std::string_view, 3> address_kind_names = {"exclusive", "exclusive_udp",
                                                                       "shared"};

[[nodiscard]] constexpr std::string_view to_string(AddressKind kind) {
    return address_kind_names[static_cast<std::size_t>(kind)];
}

/// What one list names for one service.
struct VendorList {
    std::string file;
    std::vector<Network> networks;  ///< in the order of the list, perhaps twice
    std::vector<Domain> domains;    ///< likewise
    std::string date;               ///< of the list, "2026-08-30"; empty where it has none
    bool of_a_cloud = false;        ///< addresses that the vendor gives to its customers
};

/// What is to be taken from a list, and how it is to be read.
struct ListRequest {
    std::string_view service;
    AddressKind kind{};
    ListFormat format{};
};

inline constexpr std::size_t max_list_size = 64UL * 1024 * 1024;
inline constexpr std::size_t max_list_entries = 50'000;

/// Reads the list `text`, which messages call `file`. The first mistake is given as a finding: text
/// in another format, values of a wrong type, what is no network or name, more than
/// `max_list_entries` of them, no entry for the service.
[[nodiscard]] std::expected<VendorList, Finding> read_vendor_list(const std::string& file,
                                                                  std::string_view text,
                                                                  const ListRequest& request);

}  // namespace octroi
