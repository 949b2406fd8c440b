#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include "rules/policy/facts.hpp"
#include "rules/services/strength.hpp"
#include "rules/sets/prefix_map.hpp"

namespace octroi {

struct Rule;
struct When;

inline constexpr std::size_t max_rules = 16'384;

/// Finds the rules that may match a flow without walking through all of them. Immutable.
///
/// Where everything that rules ask about is known, each rule stands under its most telling
/// condition alone (a name rather than a zone): the candidates are what stands under the flow's own
/// values, so the cost grows with them and not with the number of rules. Before that, for every
/// condition there is a set of rules as bits for each value, and the candidates are the
/// intersection over the conditions; a fact that is not known yet excludes no rule.
class RuleIndex {
  public:
    /// `active[i]` tells whether `rules[i]` takes part at all.
    RuleIndex(const std::vector<Rule>& rules, const std::vector<bool>& active);

    /// Calls `visit(i)` for the candidates in order of the rules, until it gives false. Every rule
    /// whose conditions may be true is among them; some others may be.
    template <typename Visit>
    void visit(const Facts& facts, Visit visit) const {
        const Slices slices = slices_of(facts);
        if (slices.complete)
            return slices.visit_pivots(unpivoted_, visit);
        for (std::size_t block = 0; block < blocks; ++block)
            for (std::uint64_t words = slices.summary(block); words != 0; words &= words - 1) {
                const std::size_t word = block * 64 + lowest(words);
                for (std::uint64_t bits = slices.word(word); bits != 0; bits &= bits - 1)
                    if (!visit(word * 64 + lowest(bits)))
                        return;
            }
    }

  private:
    static constexpr std::size_t blocks = max_rules / 4096;
    using Summary = std::array<std::uint64_t, blocks>;  // a bit for each word that is not 0

    static std::size_t lowest(std::uint64_t bits) {
        return static_cast<std::size_t>(__builtin_ctzll(bits));
    }

    // A set of rules of which most are absent.
    class Sparse {
      public:
        void add(std::size_t rule);
        void add(const Sparse& other);

        [[nodiscard]] std::uint64_t word(std::size_t index) const;

        [[nodiscard]] const Summary& summary() const { return summary_; }

      private:
        Summary summary_{};
        std::vector<std::pair<std::uint16_t, std::uint64_t>> words_;  // in order
    };

    // A set of rules of any size.
    struct Dense {
        Summary summary{};
        std::vector<std::uint64_t> words;

        void add(std::size_t rule);
    };

    using Numbers = std::vector<std::uint32_t>;  // of rules, in order

    // The rules that ask for a value, and those that ask for anything but it.
    struct Asking {
        Sparse for_it;
        Sparse against_it;
        void add_pivot(std::size_t rule);

        Numbers pivots;  // of `for_it`, the rules whose most telling condition this is
    };

    // One condition: the rules that a value leaves, of all rules.
    struct Condition {
        bool used = false;
        Dense by_default;  // rules without this condition, and negated ones
    };

    struct Slice {
        const Dense* by_default = nullptr;
        absl::InlinedVector<const Asking*, 8> asking;

        [[nodiscard]] std::uint64_t summary(std::size_t block) const;
        [[nodiscard]] std::uint64_t word(std::size_t index) const;
    };

    struct Slices {
        absl::InlinedVector<Slice, 12> all;
        bool complete = true;  // every fact that rules ask about is known

        // The rules under the flow's values, several lists merged: one loop, clearer in one piece.
        template <typename Visit>
        // NOLINTNEXTLINE(readability-function-cognitive-complexity)
        void visit_pivots(const Numbers& others, Visit visit) const {
            absl::InlinedVector<std::pair<const std::uint32_t*, const std::uint32_t*>, 16> lists;
            const auto add = [&](const Numbers& numbers) {
                if (!numbers.empty())
                    lists.emplace_back(numbers.data(), numbers.data() + numbers.size());
            };
            add(others);
            for (const Slice& slice : all)
                for (const Asking* asking : slice.asking)
                    add(asking->pivots);
            while (true) {
                std::uint32_t next = max_rules;
                for (const auto& [at, end] : lists)
                    next = at != end && *at < next ? *at : next;
                if (next == max_rules || !visit(std::size_t{next}))
                    return;
                for (auto& [at, end] : lists)
                    at += at != end && *at == next ? 1 : 0;
            }
        }

        [[nodiscard]] std::uint64_t summary(std::size_t block) const;
        [[nodiscard]] std::uint64_t word(std::size_t index) const;
    };

    using NetworkEntries = std::vector<PrefixMap<Asking>::Entry>;
    using Words = absl::flat_hash_map<std::string, Asking>;
    using Flag = std::array<Asking, 2>;

    template <typename Values, typename Each>
    void index(Condition& condition, std::size_t rule, const Values& values, bool pivot, Each each);
    void index_rule(std::size_t number, const When& when);
    template <typename Networks>
    void index_networks(Condition& condition, NetworkEntries& table, std::size_t rule,
                        const Networks& values, bool pivot);
    void index_services(std::size_t rule, const std::optional<ServiceSet>& services, bool pivot);
    static void index_flag(Condition& condition, Flag& table, std::size_t rule,
                           std::optional<bool> wanted);
    void index_ports();
    [[nodiscard]] Slices slices_of(const Facts& facts) const;

    struct PortClaim {
        PortRange range;
        std::size_t rule = 0;
        bool negated = false;
        bool pivot = false;
    };

    Dense all_;
    Numbers unpivoted_;
    Condition zone_;
    std::vector<Asking> zones_;
    Condition client_;
    NetworkEntries client_networks_;  // while building
    PrefixMap<Asking> clients_;
    Condition address_;
    NetworkEntries address_networks_;  // while building
    PrefixMap<Asking> addresses_;
    Condition name_;
    Words domains_;
    Words exact_names_;
    Condition port_;
    std::vector<PortClaim> port_claims_;  // while building
    std::vector<std::uint16_t> port_classes_;
    std::vector<Asking> ports_;
    Condition transport_;
    std::array<Asking, transport_names.size()> transports_{};
    Condition service_;
    std::vector<Asking> services_;  // by id; 0: flows without one
    Condition strength_;
    std::array<Asking, strength_count> strengths_{};
    Condition protocol_;
    Words protocols_;
    Condition application_;
    Words applications_;
    Condition ech_;
    Flag echs_{};
    Condition unclassified_;
    Flag unclassifieds_{};
};

}  // namespace octroi
