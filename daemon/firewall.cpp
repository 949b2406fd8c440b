#include "daemon/firewall.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/conntrack.hpp"
#include "daemon/foreign_rules.hpp"
#include "daemon/rules_program.hpp"

namespace octroi {
namespace {

void add_sentences(std::vector<std::string>& sentences, const std::vector<std::string>& more) {
    sentences.insert(sentences.end(), more.begin(), more.end());
}

// Two programs that write the same rules at once would meet each other's halves. Held as long as it
// lives, for the network namespace.
class OneWriter {
  public:
    OneWriter() : namespace_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
        while (flock(namespace_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }

    OneWriter(const OneWriter&) = delete;
    OneWriter& operator=(const OneWriter&) = delete;
    OneWriter(OneWriter&&) = delete;
    OneWriter& operator=(OneWriter&&) = delete;

    ~OneWriter() { close(namespace_); }

  private:
    int namespace_;
};

}  // namespace

std::string_view to_string(Backend backend) {
    return backend_words.at(static_cast<std::size_t>(backend));
}

netfilter::Settings netfilter_settings(const Config& config) {
    return {.first_queue = config.first_queue,
            .queue_count = config.queue_count,
            .bypass = config.on_failure == OnFailure::open,
            .mark = config.mark,
            .hooks = config.hooks};
}

Firewall::Firewall(const netfilter::Settings& settings, std::optional<Backend> backend)
    : settings_(settings), rules_(chosen(settings, backend)) {}

Firewall::Rules Firewall::chosen(const netfilter::Settings& settings,
                                 std::optional<Backend> backend) {
    if (!backend && NftRules::present())
        backend = Backend::nft;
    if (!backend && (IptablesRules::present() || !NftRules(settings).supported()))
        backend = Backend::iptables;
    if (backend == Backend::iptables)
        return IptablesRules(settings);
    return NftRules(settings);
}

Backend Firewall::backend() const {
    return std::holds_alternative<NftRules>(rules_) ? Backend::nft : Backend::iptables;
}

std::string Firewall::print(std::uint8_t generation) const {
    return std::visit([&](const auto& rules) { return rules.print(generation); }, rules_);
}

// Flows that were decided under the other backend's rules stay decided.
std::optional<std::uint8_t> Firewall::generation_of_the_other() const {
    const auto state = backend() == Backend::nft ? IptablesRules(settings_).inspect()
                                                 : NftRules(settings_).inspect();
    return state ? state->generations[0] : std::nullopt;
}

std::expected<bool, std::string> Firewall::install() const {
    const OneWriter alone;
    const std::uint8_t generation = generation_of_the_other().value_or(1);
    const auto installed =
        std::visit([&](const auto& rules) { return rules.install(generation); }, rules_);
    if (!installed)
        return installed;
    // Only now: while both are there, what one decides the other finds decided.
    const bool other_is_there =
        backend() == Backend::nft ? IptablesRules::present() : NftRules::present();
    if (!other_is_there)
        return installed;
    return backend() == Backend::nft ? IptablesRules::remove() : NftRules::remove();
}

std::expected<bool, std::string> Firewall::remove(std::optional<Backend> backend) {
    const OneWriter alone;
    bool changed = false;
    bool any_program = false;
    for (const Backend one : {Backend::iptables, Backend::nft}) {
        if (one != backend.value_or(one) || !has_rules_program(std::string(to_string(one))))
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
    if (state)
        add_sentences(state->ways_past, offloading_rules(settings_));
    return state;
}

std::vector<std::string> Firewall::hazards() const {
    const ForeignRules foreign = foreign_rules(settings_);
    std::vector<std::string> found = foreign.untracked;
    add_sentences(found, foreign.marks);
    if (!conntrack_status())
        found.emplace_back(
            "the kernel tracks no connections: no decision is kept, and fragments arrive one by "
            "one");
    if (const auto* iptables = std::get_if<IptablesRules>(&rules_))
        add_sentences(found, iptables->missed_by_bypass());
    return found;
}

std::expected<std::uint64_t, std::string> Firewall::packets_to_queue() const {
    return std::visit([](const auto& rules) { return rules.packets_to_queue(); }, rules_);
}

bool Firewall::kernel_tells_of_changes() const {
    return std::visit([](const auto& rules) { return rules.kernel_tells_of_changes(); }, rules_);
}

std::expected<void, std::string> Firewall::set_generation(std::uint8_t generation) const {
    return std::visit([&](const auto& rules) { return rules.set_generation(generation); }, rules_);
}

}  // namespace octroi
