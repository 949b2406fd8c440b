#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rules/refresh/vendor_list.hpp"

namespace octroi {

/// Where in a list something stands: a line of text, or the way to a value of JSON.
struct ListPlace {
    Position position;
    std::string_view line;
    std::string path;  ///< "prefixes[3].ipv4Prefix"; empty in text
};

/// Takes what a list names. The first mistake is kept; after it nothing more is taken, and the
/// reader needs to ask ok() only in loops.
class ListCollector {
  public:
    explicit ListCollector(std::string file) { list_.file = std::move(file); }

    [[nodiscard]] bool ok() const { return !mistake_; }

    void fail(Code code, const ListPlace& place, std::string text, std::string hint = {});
    void add_network(std::string_view text, const ListPlace& place);

    /// A name, with `*.` before it or not: either means the name and its subdomains.
    void add_name(std::string_view text, const ListPlace& place);

    void set_date(std::string date) { list_.date = std::move(date); }

    void mark_of_a_cloud() { list_.of_a_cloud = true; }

    /// The list, or the mistake. A list that names nothing is a mistake.
    [[nodiscard]] std::expected<VendorList, Finding> finish() &&;

  private:
    bool has_room(const ListPlace& place);

    VendorList list_;
    std::optional<Finding> mistake_;
};

}  // namespace octroi
