#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace octroi {

/// Table `inet octroi` as `nft -a list` prints it, or as NftWriter wrote it. A rule is known by its
/// comment; one without has been put there by somebody else and stands as it is printed.
class NftListing {
  public:
    struct Rule {
        std::string text;
        std::string handle;         ///< empty in what NftWriter wrote
        std::uint64_t packets = 0;  ///< its counter, where it has one

        bool operator==(const Rule& other) const { return text == other.text; }
    };

    explicit NftListing(std::string_view printed);

    /// The same chains at the same hooks, so that their rules can be replaced without taking a
    /// chain away.
    [[nodiscard]] bool same_chains(const NftListing& other) const;

    /// The same chains with the same rules.
    bool operator==(const NftListing&) const = default;

    /// The rules of a chain, in order.
    [[nodiscard]] std::vector<Rule> rules(const std::string& chain) const;

    /// The mark that octroi's first rule takes for accepted; nothing where there is no such rule.
    [[nodiscard]] std::optional<std::uint32_t> accepted_mark() const;

    /// How many packets met octroi's queue rule.
    [[nodiscard]] std::uint64_t packets_to_queue() const;

  private:
    struct Chain {
        std::string hook;  ///< "type filter hook ..."; empty: reached by jumps
        std::vector<Rule> rules;

        bool operator==(const Chain&) const = default;
    };

    std::map<std::string, Chain> chains_;
};

}  // namespace octroi
