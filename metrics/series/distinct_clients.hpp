#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "classifiers/base/owned.hpp"
#include "classifiers/net/address.hpp"
#include "metrics/series/family.hpp"
#include "metrics/series/hyperloglog.hpp"
#include "metrics/series/siphash.hpp"
#include "metrics/threads/published.hpp"

namespace octroi {

/// How many different clients there are of each service in each zone, in the running hour and day
/// (UTC), without keeping any of them: a sketch each, fed with a hash of the address under a random
/// key that is made with the window and destroyed with it. Only the sketches' fixed memory is used,
/// and of that only what counts. Why so:
/// docs/decisions/0018-clients-are-counted-by-keyed-sketches.md
class DistinctClients {
  public:
    /// The sketch of one service in one zone.
    using Cell = std::uint16_t;

    static constexpr Cell capacity = 1024;
    static constexpr Cell no_cell = capacity;
    static constexpr double fewest = 10;  ///< below that many nothing is told

    explicit DistinctClients(absl::Time now);

    /// The sketch of these labels, always the same; `no_cell` where all are taken.
    [[nodiscard]] Cell cell(const std::string& service, const std::string& category,
                            const std::string& zone);

    /// Notes a client. From any thread; nobody waits for a scrape.
    void add(Cell cell, const Address& client);

    /// Ends the windows that are over, with their keys and all that was noted. From one thread.
    void turn(absl::Time now);

    /// octroi_distinct_clients, octroi_distinct_category_clients (of any of a category's services)
    /// and octroi_distinct_clients_uncounted_flows_total.
    [[nodiscard]] std::vector<Family> collect() const;

    /// What is told of an estimate: to the next ten, and to two digits from a hundred on. So no
    /// series ever tells of a single client that came.
    [[nodiscard]] static double rounded(double estimate);

  private:
    class Window;

    /// The windows that run. Who has noted a client lets go of them; the last one destroys them.
    struct Windows {
        std::shared_ptr<Window> hour;
        std::shared_ptr<Window> day;
    };

    struct Labelled {
        std::string service;
        std::string category;
        std::string zone;

        auto operator<=>(const Labelled&) const = default;
    };

    void add_window(std::vector<Family>& families, const Window& window, const char* name) const;

    Published<Windows> running_;
    std::atomic<std::uint64_t> uncounted_{0};
    mutable std::mutex mutex_;  ///< of cells_, which grow when a policy is loaded
    std::map<Labelled, Cell> cells_;
};

}  // namespace octroi
