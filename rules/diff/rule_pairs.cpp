#include "rules/diff/rule_pairs.hpp"

#include <algorithm>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace octroi {
namespace {

template <typename Set>
std::vector<std::string> sorted(const Set& set) {
    std::vector<std::string> values(set.begin(), set.end());
    std::ranges::sort(values);
    return values;
}

std::string text_of(const NameSet& names) {
    return fmt::format("{} = {}", fmt::join(sorted(names.domains), " "),
                       fmt::join(sorted(names.exact), " "));
}

std::string text_of(const WordSet& words) {
    return fmt::format("{}", fmt::join(sorted(words), "\n"));
}

std::string text_of(std::vector<Network> networks) {
    std::ranges::sort(networks);
    std::string text;
    for (const Network& network : networks)
        text += to_string(network) + " ";
    return text;
}

std::string text_of(const Networks& networks) {
    return text_of(networks.list);
}

std::string text_of(const std::vector<PortRange>& ports) {
    std::string text;
    for (const PortRange range : ports)
        text += fmt::format("{}-{} ", range.first, range.last);
    return text;
}

template <std::size_t size>
std::string text_of(const std::bitset<size>& set) {
    return set.to_string();
}

// What a rule does, as text that is the same for rules that do the same. Names of zones tell
// nothing: their networks do.
class Fingerprint {
  public:
    explicit Fingerprint(const Policy& policy) {
        for (const Zone& zone : policy.zones())
            zones_.push_back(fmt::format("{} {}", text_of(zone.networks),
                                         fmt::join(sorted(zone.interfaces), " ")));
        time_zone_ = policy.defaults().zone_name;
    }

    std::string operator()(const Rule& rule) const {
        const When& when = rule.when;
        std::string text = fmt::format("{} {};", to_string(rule.then), static_cast<int>(rule.mode));
        if (when.zone) {
            text += when.zone->negated ? "not " : "";
            for (std::size_t i = 0; i < zones_.size(); ++i)
                if (when.zone->values.test(i))
                    text += zones_[i] + "|";
        }
        add(text, when.client);
        add(text, when.address);
        add(text, when.name);
        add(text, when.port);
        add(text, when.transport);
        text += when.services ? text_of(*when.services) : "";
        add(text, when.strength);
        add(text, when.protocol);
        add(text, when.application);
        for (const auto& flag : {when.ech, when.unclassified})
            text += flag ? fmt::format(";{}", *flag) : ";";
        add_times(text, rule);
        return text;
    }

  private:
    template <typename Set>
    static void add(std::string& text, const std::optional<Condition<Set>>& condition) {
        text += ';';
        if (condition)
            text += fmt::format("{} {}", condition->negated, text_of(condition->values));
    }

    void add_times(std::string& text, const Rule& rule) const {
        const absl::TimeZone utc = absl::UTCTimeZone();
        for (const auto& bound : {rule.schedule.from, rule.schedule.until})
            text += bound ? ";" + to_string(*bound, utc) : ";";
        for (const HoursWindow& window : rule.schedule.hours)
            text += fmt::format(" {} {}", to_string(window), time_zone_);
        for (const RolloutStage& stage : rule.rollout) {
            text += fmt::format(";{} {} {}", to_string(stage.from, utc), stage.percent,
                                stage.zone ? zones_[*stage.zone] : "");
            if (stage.percent != 100)
                text += rule.name;  // the name chooses the clients
        }
    }

    std::vector<std::string> zones_;
    std::string time_zone_;
};

bool plain(const Rule& rule) {
    return rule.mode == Mode::enforce && rule.rollout.empty();
}

}  // namespace

RulePairs::RulePairs(const Policy& before, const Policy& after) {
    absl::flat_hash_map<std::string, std::vector<std::size_t>> known;
    const Fingerprint old_text(before);
    for (std::size_t i = 0; i < before.rules().size(); ++i) {
        known[old_text(before.rules()[i])].push_back(entries_.size());
        entries_.push_back({.rule = &before.rules()[i], .before = i, .after = std::nullopt});
    }
    const Fingerprint new_text(after);
    for (std::size_t i = 0; i < after.rules().size(); ++i) {
        const auto found = known.find(new_text(after.rules()[i]));
        if (found == known.end() || found->second.empty()) {
            entries_.push_back({.rule = &after.rules()[i], .before = std::nullopt, .after = i});
            continue;
        }
        entries_[found->second.front()].after = i;
        found->second.erase(found->second.begin());
    }
    find_moved();
}

// Of the rules that stand in both policies the longest sequence in the same order stays; every two
// rules that changed places have one of the others among them.
void RulePairs::find_moved() {
    std::vector<std::size_t> ends;  // by length: the entry that ends the best sequence of it
    std::vector<std::optional<std::size_t>> previous(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].changed())
            continue;
        entries_[i].moved = true;
        const auto place = std::ranges::lower_bound(
            ends, entries_[i].after, {}, [&](std::size_t end) { return entries_[end].after; });
        if (place != ends.begin())
            previous[i] = *(place - 1);
        if (place == ends.end())
            ends.push_back(i);
        else
            *place = i;
    }
    for (std::optional<std::size_t> i = ends.empty() ? std::nullopt : std::optional(ends.back()); i;
         i = previous[*i])
        entries_[*i].moved = false;
}

bool RulePairs::may_differ(const Entry& one, const Entry& other) {
    const Rule& a = *one.rule;
    const Rule& b = *other.rule;
    if (a.then == b.then && plain(a) && plain(b))
        return false;
    if (one.changed() || other.changed())
        return true;
    return (one.before < other.before) != (one.after < other.after);
}

}  // namespace octroi
