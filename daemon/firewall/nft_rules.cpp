#include "daemon/firewall/nft_rules.hpp"

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::string_view table_line = "table inet octroi\n";

std::expected<std::string, RulesError> list_tables() {
    return ask_rules_program({"nft", "list", "tables", "inet"});
}

// Not where nobody could ask: then nothing is known of the kernel.
bool is_refused(const std::expected<void, RulesError>& tried) {
    return !tried && tried.error().kind == RulesError::Kind::refused;
}

std::expected<void, std::string> run_transaction(const std::string& text) {
    const auto done = run_rules_program({"nft", "-f", "-"}, text);
    return done ? std::expected<void, std::string>() : std::unexpected(done.error());
}

}  // namespace

std::expected<std::optional<NftListing>, std::string> NftRules::listed() {
    const auto tables = list_tables();
    if (!tables)
        return std::unexpected(tables.error().text);
    if (!tables->contains(table_line))
        return std::nullopt;
    const auto printed = run_rules_program({"nft", "-n", "-a", "list", "table", "inet", "octroi"});
    if (!printed)
        return std::unexpected(printed.error());
    return NftListing(*printed);
}

std::string NftRules::print(std::uint8_t generation) const {
    return "# nft -f\n" + writer_.table(generation);
}

// NOLINTBEGIN(bugprone-unchecked-optional-access): it does not see through an expected optional.
std::expected<bool, std::string> NftRules::install(std::uint8_t generation) const {
    const auto listing = listed();
    if (!listing)
        return std::unexpected(listing.error());
    std::string transaction;
    std::uint8_t kept = generation;
    if (*listing) {
        kept = generation_in(**listing).value_or(generation);
        const NftListing configured(writer_.table(kept));
        if (**listing == configured)
            return false;
        // Packets wait in the queues as long as the base chain stays.
        transaction = (*listing)->same_chains(configured) ? "flush table inet octroi\n"
                                                          : "delete table inet octroi\n";
    }
    const auto done = run_transaction(transaction + writer_.table(kept));
    if (!done && is_refused(supported()))
        return std::unexpected(
            fmt::format("{}this kernel does not take these rules: they need nft_queue, nft_ct and "
                        "nft_reject_inet. `--backend iptables` needs none of them",
                        done.error()));
    if (!done)
        return std::unexpected(done.error());
    return true;
}

std::expected<bool, std::string> NftRules::remove() {
    const auto listing = listed();
    if (!listing)
        return std::unexpected(listing.error());
    if (!*listing)
        return false;
    if (const auto done = run_transaction("delete table inet octroi\n"); !done)
        return std::unexpected(done.error());
    return true;
}

std::expected<bool, std::string> NftRules::present() {
    const auto tables = list_tables();
    if (tables)
        return tables->contains(table_line);
    if (tells_of_no_rules(tables.error()))
        return false;
    return std::unexpected(tables.error().text);
}

std::expected<void, RulesError> NftRules::supported() const {
    const auto tried = ask_rules_program({"nft", "-c", "-f", "-"}, writer_.table(1));
    return tried ? std::expected<void, RulesError>() : std::unexpected(tried.error());
}

std::expected<FirewallState, std::string> NftRules::inspect() const {
    const auto listing = listed();
    if (!listing)
        return std::unexpected(listing.error());
    FirewallState state;
    state.generations = {*listing ? generation_in(**listing) : std::nullopt};
    if (!*listing)
        state.differences.emplace_back("nft: the table inet octroi is absent");
    else if (**listing != NftListing(writer_.table(state.generations[0].value_or(1))))
        state.differences.emplace_back(
            "nft: the rules of the table inet octroi are not the configured ones");
    return state;
}

std::expected<std::uint64_t, std::string> NftRules::packets_to_queue() {
    const auto listing = listed();
    if (!listing)
        return std::unexpected(listing.error());
    if (!*listing)
        return std::unexpected("nft: the table inet octroi is absent");
    return (*listing)->packets_to_queue();
}

std::optional<std::uint8_t> NftRules::generation_in(const NftListing& listing) const {
    const auto mark = listing.accepted_mark();
    return mark ? std::optional(netfilter::generation_of(settings_.mark, *mark)) : std::nullopt;
}

std::expected<void, std::string> NftRules::set_generation(std::uint8_t generation) const {
    const auto listing = listed();
    if (!listing)
        return std::unexpected(listing.error());
    const auto gate = *listing ? (*listing)->rules("gate") : std::vector<NftListing::Rule>();
    const auto [first, rules] = writer_.generation_rules(generation);
    if (gate.size() <= first + rules.size() || !(*listing)->accepted_mark())
        return std::unexpected("nft: the rules of the table inet octroi are not octroi's");
    std::string transaction;
    for (std::size_t i = 0; i < rules.size(); ++i)
        transaction += fmt::format("replace rule inet octroi gate handle {} {}\n",
                                   gate[first + i].handle, NftWriter::commented(rules[i]));
    return run_transaction(transaction);
}

// NOLINTEND(bugprone-unchecked-optional-access)

}  // namespace octroi
