#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace octroi {

/// A set of ordered values, as the intervals between its edges: everything from the first edge to
/// before the second one, and so on; after an odd edge without end. `Key{}` must be the least
/// value. Cheap to copy.
template <typename Key>
class IntervalSet {
  public:
    /// From `first` to before `second`; nothing there: without end.
    using Interval = std::pair<Key, std::optional<Key>>;
    using Edges = std::vector<Key>;

    /// Everything.
    IntervalSet() = default;

    /// The union of `intervals`, which may overlap.
    explicit IntervalSet(std::vector<Interval> intervals) {
        std::ranges::sort(intervals, {}, &Interval::first);
        Edges edges;
        for (Interval& interval : intervals)
            append(edges, std::move(interval));
        edges_ = std::make_shared<const Edges>(std::move(edges));
    }

    IntervalSet(Key first, std::optional<Key> after)
        : IntervalSet(std::vector<Interval>{{std::move(first), std::move(after)}}) {}

    [[nodiscard]] static IntervalSet nothing() { return IntervalSet(std::vector<Interval>()); }

    [[nodiscard]] bool empty() const { return edges().empty(); }

    [[nodiscard]] bool everything() const { return edges().size() == 1 && edges()[0] == Key{}; }

    [[nodiscard]] bool contains(const Key& key) const {
        const auto after = std::ranges::upper_bound(edges(), key);
        return (after - edges().begin()) % 2 == 1;
    }

    /// The least value; the set must not be empty.
    [[nodiscard]] const Key& least() const { return edges().front(); }

    /// What an operation on the set costs: the number of its edges.
    [[nodiscard]] std::size_t size() const { return edges().size(); }

    [[nodiscard]] IntervalSet operator&(const IntervalSet& other) const {
        if (everything())
            return other;
        return other.everything() ? *this : merged(other, [](bool a, bool b) { return a && b; });
    }

    [[nodiscard]] IntervalSet operator-(const IntervalSet& other) const {
        return merged(other, [](bool a, bool b) { return a && !b; });
    }

    bool operator==(const IntervalSet& other) const { return edges() == other.edges(); }

  private:
    [[nodiscard]] static IntervalSet between(Edges edges) {
        IntervalSet intervals;
        intervals.edges_ = std::make_shared<const Edges>(std::move(edges));
        return intervals;
    }

    [[nodiscard]] const Edges& edges() const {
        static const Edges whole = {Key{}};
        return edges_ ? *edges_ : whole;
    }

    static void append(Edges& edges, Interval interval) {
        const bool open = edges.size() % 2 == 1;
        if (open || (interval.second && *interval.second <= interval.first))
            return;
        if (edges.empty() || edges.back() < interval.first) {
            edges.push_back(std::move(interval.first));
        } else {
            Key end = std::move(edges.back());
            edges.pop_back();
            if (interval.second && *interval.second < end)
                interval.second = std::move(end);
        }
        if (interval.second)
            edges.push_back(std::move(*interval.second));
    }

    // One walk along the edges of both; `keep` says of what is in one and the other whether it
    // stays.
    template <typename Keep>
    [[nodiscard]] IntervalSet merged(const IntervalSet& other, Keep keep) const {
        Edges edges;
        auto mine = this->edges().begin();
        auto theirs = other.edges().begin();
        const auto my_end = this->edges().end();
        const auto their_end = other.edges().end();
        bool in_mine = false;
        bool in_theirs = false;
        while (mine != my_end || theirs != their_end) {
            const bool at_mine = theirs == their_end || (mine != my_end && *mine <= *theirs);
            const bool at_theirs = mine == my_end || (theirs != their_end && *theirs <= *mine);
            in_mine = in_mine != at_mine;
            in_theirs = in_theirs != at_theirs;
            if (keep(in_mine, in_theirs) != (edges.size() % 2 == 1))
                edges.push_back(at_mine ? *mine : *theirs);
            mine += at_mine ? 1 : 0;
            theirs += at_theirs ? 1 : 0;
        }
        return between(std::move(edges));
    }

    std::shared_ptr<const Edges> edges_;  // null: everything
};

}  // namespace octroi
