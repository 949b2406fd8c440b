#include "daemon/firewall/firewall.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "classifiers/base/file_descriptor.hpp"
#include "daemon/firewall/foreign_rules.hpp"
#include "daemon/firewall/rules_program.hpp"
#include "daemon/kernel/conntrack.hpp"
#include "daemon/kernel/nft_revision.hpp"

namespace octroi {
namespace {

void add_sentences(std::vector<std::string>& sentences, const std::vector<std::string>& more) {
    sentences.insert(sentences.end(), more.begin(), more.end());
}

// Two programs that write the same rules at once would meet each other's halves. Held as long as it
// lives, for the network namespace.
class OneWriter {
  public:
    [[nodiscard]] static std::expected<OneWriter, std::string> open() {
        OneWriter writer(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        int result = writer.namespace_.is_open() ? flock(writer.namespace_.get(), LOCK_EX) : -1;
        while (result != 0 && errno == EINTR)
            result = flock(writer.namespace_.get(), LOCK_EX);
        if (result != 0)
            return std::unexpected(fmt::format("can't lock the rules of this network namespace: {}",
                                               std::generic_category().message(errno)));
        return writer;
    }

  private:
    explicit OneWriter(int descriptor) : namespace_(descriptor) {}

    FileDescriptor namespace_;
};

}  // namespace

std::expected<Firewall, std::string> Firewall::open(const netfilter::Settings& settings,
                                                    std::optional<Backend> backend) {
    const auto chosen = backend ? std::expected<Backend, std::string>(*backend) : choose(settings);
    if (!chosen)
        return std::unexpected(
            fmt::format("can't tell which backend's rules are there: {}", chosen.error()));
    if (*chosen == Backend::iptables)
        return Firewall(settings, IptablesRules(settings));
    return Firewall(settings, NftRules(settings));
}

std::expected<Backend, std::string> Firewall::choose(const netfilter::Settings& settings) {
    const auto by_nft = NftRules::present();
    if (!by_nft)
        return std::unexpected(by_nft.error());
    if (*by_nft)
        return Backend::nft;
    const auto by_iptables = IptablesRules::present();
    if (!by_iptables)
        return std::unexpected(by_iptables.error());
    if (*by_iptables)
        return Backend::iptables;
    const auto supported = NftRules(settings).supported();
    if (!supported && supported.error().kind == RulesError::Kind::unasked)
        return std::unexpected(supported.error().text);
    return supported ? Backend::nft : Backend::iptables;
}

Backend Firewall::backend() const {
    return std::holds_alternative<NftRules>(rules_) ? Backend::nft : Backend::iptables;
}

std::string Firewall::print(std::uint8_t generation) const {
    return std::visit([&](const auto& rules) { return rules.print(generation); }, rules_);
}

std::expected<bool, std::string> Firewall::other_is_there() const {
    return backend() == Backend::nft ? IptablesRules::present() : NftRules::present();
}

// Flows that were decided under the other backend's rules stay decided.
std::expected<std::uint8_t, std::string> Firewall::generation_of_the_other() const {
    const auto state = backend() == Backend::nft ? IptablesRules(settings_).inspect()
                                                 : NftRules(settings_).inspect();
    if (!state)
        return std::unexpected(state.error());
    return state->generations[0].value_or(1);
}

std::expected<bool, std::string> Firewall::install() const {
    const auto alone = OneWriter::open();
    if (!alone)
        return std::unexpected(alone.error());
    const auto other = other_is_there();
    if (!other)
        return other;
    const auto generation =
        *other ? generation_of_the_other() : std::expected<std::uint8_t, std::string>(1);
    if (!generation)
        return std::unexpected(generation.error());
    const auto installed =
        std::visit([&](const auto& rules) { return rules.install(*generation); }, rules_);
    // Only now: while both are there, what one decides the other finds decided.
    if (!installed || !*other)
        return installed;
    return backend() == Backend::nft ? IptablesRules::remove() : NftRules::remove();
}

std::expected<bool, std::string> Firewall::remove(std::optional<Backend> backend) {
    const auto alone = OneWriter::open();
    if (!alone)
        return std::unexpected(alone.error());
    bool changed = false;
    bool any_program = false;
    for (const Backend one : {Backend::iptables, Backend::nft}) {
        if (one != backend.value_or(one))
            continue;
        const auto there = has_rules_program(std::string(to_string(one)));
        if (!there)
            return there;
        if (!*there)
            continue;
        any_program = true;
        const auto removed = one == Backend::nft ? NftRules::remove() : IptablesRules::remove();
        if (!removed)
            return removed;
        changed = changed || *removed;
    }
    if (!any_program)
        return std::unexpected(fmt::format(
            "can't tell whether there are rules: {} can't be run",
            backend ? to_string(*backend) : std::string_view("neither iptables nor nft")));
    return changed;
}

std::expected<FirewallState, std::string> Firewall::inspect() const {
    auto state = std::visit([](const auto& rules) { return rules.inspect(); }, rules_);
    if (!state)
        return state;
    const ForeignRules foreign = foreign_rules_of_nft(settings_);
    add_sentences(state->ways_past, foreign.offloading);
    add_sentences(state->unread, foreign.unread);
    return state;
}

Hazards Firewall::hazards() const {
    const ForeignRules foreign = foreign_rules(settings_);
    Hazards hazards{.found = foreign.untracked, .unread = foreign.unread};
    add_sentences(hazards.found, foreign.marks);
    const auto tracking = conntrack_status();
    if (!tracking)
        hazards.unread.push_back(tracking.error());
    else if (!*tracking)
        hazards.found.emplace_back(
            "the kernel tracks no connections: no decision is kept, and fragments arrive one by "
            "one");
    if (const auto* iptables = std::get_if<IptablesRules>(&rules_)) {
        const auto missed = iptables->missed_by_bypass();
        if (missed)
            add_sentences(hazards.found, *missed);
        else
            hazards.unread.push_back(missed.error());
    }
    return hazards;
}

std::expected<std::uint64_t, std::string> Firewall::packets_to_queue() const {
    return std::visit([](const auto& rules) { return rules.packets_to_queue(); }, rules_);
}

std::expected<bool, std::string> Firewall::kernel_tells_of_changes() const {
    return std::visit(
        [](const auto& rules) -> std::expected<bool, std::string> {
            return rules.kernel_tells_of_changes();
        },
        rules_);
}

std::expected<void, std::string> Firewall::set_generation(std::uint8_t generation) const {
    return std::visit([&](const auto& rules) { return rules.set_generation(generation); }, rules_);
}

std::expected<void, std::string> Firewall::retire(std::uint8_t generation, std::uint8_t stale,
                                                  const Progress& progress) const {
    if (auto retired = retire_generation(settings_.mark, generation, stale, progress); !retired)
        return std::unexpected(std::move(retired.error()));
    return {};
}

std::expected<std::optional<std::uint32_t>, std::string> Firewall::revision() const {
    return nft_revision();
}

}  // namespace octroi
