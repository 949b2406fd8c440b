#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/firewall/netfilter_rules.hpp"

namespace octroi {

/// octroi's rules as nft takes them: table `inet octroi`, both families at once, with base chains
/// of its own. Each rule carries its own text as a comment: what nft prints of a rule depends on
/// its version, and a comment does not.
class NftWriter {
  public:
    explicit NftWriter(netfilter::Settings settings) : settings_(std::move(settings)) {}

    /// The table, for `nft -f`.
    [[nodiscard]] std::string table(std::uint8_t generation) const;

    /// The rules that carry the generation, without their comments.
    struct GenerationRules {
        std::size_t place = 0;  ///< of the first, in chain `gate`
        std::vector<std::string> lines;
    };

    [[nodiscard]] GenerationRules generation_rules(std::uint8_t generation) const;

    /// A rule as it is written, with its comment.
    [[nodiscard]] static std::string commented(const std::string& rule);

  private:
    [[nodiscard]] static std::string match(const netfilter::Match& match);
    [[nodiscard]] static std::vector<std::string> alternatives(const netfilter::Match& match);
    [[nodiscard]] std::string target(const netfilter::Target& target) const;
    [[nodiscard]] std::vector<std::string> lines(const netfilter::Rule& rule) const;
    [[nodiscard]] static std::string base_chain(netfilter::Hook hook, netfilter::Chain jump_to);
    [[nodiscard]] std::vector<std::string> copy_mark(std::string_view from,
                                                     std::string_view to) const;

    netfilter::Settings settings_;
};

}  // namespace octroi
