#pragma once

#include <string>
#include <vector>

#include "rules/policy/policy.hpp"

namespace octroi {

/// Clients that two policies cannot tell apart: same zones, same networks of conditions, same place
/// in every rollout by percent.
struct ClientClass {
    Address client;         ///< one of them
    std::string interface;  ///< that it comes in through; empty: one that no zone names
    ZoneSet zones_before;
    ZoneSet zones_after;
    std::vector<std::size_t> shares;  ///< by rollout of `Rollouts`: which part of its clients
};

/// Every class of clients that can occur under two policies. Clients of a rollout by percent are
/// found by trying addresses, up to some thousands in each network.
class ClientClasses {
  public:
    ClientClasses(const Policy& before, const Policy& after);

    [[nodiscard]] const std::vector<ClientClass>& all() const { return classes_; }

    /// What to call the clients of the classes `chosen` (indices in order): "pilot, no zone", "0-25
    /// % of foreign-conferencing in press", "every client".
    [[nodiscard]] std::string text(const std::vector<std::size_t>& chosen) const;

  private:
    struct Rollout {
        std::string rule;
        std::vector<unsigned> thresholds;  ///< in order; 0 and 100 among them
    };

    void find_rollouts(const Policy& policy);
    void name_zones(const Policy& before, const Policy& after);
    [[nodiscard]] std::vector<std::size_t> shares_of(const Address& client) const;
    [[nodiscard]] std::string part_text(const std::string& zone,
                                        const std::vector<std::size_t>& chosen) const;
    [[nodiscard]] std::string share_text(const std::vector<std::size_t>& members,
                                         const std::vector<std::size_t>& chosen) const;

    std::vector<Rollout> rollouts_;
    std::vector<ClientClass> classes_;
    std::vector<std::string> zones_;  ///< by class: what to call its zones
};

}  // namespace octroi
