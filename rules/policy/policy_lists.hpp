#pragma once

#include <map>
#include <string>
#include <vector>

#include "classifiers/base/sha256.hpp"
#include "rules/policy/facts.hpp"
#include "rules/text/schema.hpp"

namespace octroi {

/// A named list of a policy: domains (`=name` for a name alone) and networks.
struct List {
    NameSet names;
    std::vector<Network> networks;
    std::string file;  ///< where it was read
    Position position;

    [[nodiscard]] bool empty() const {
        return names.domains.empty() && names.exact.empty() && networks.empty();
    }
};

using Lists = std::map<std::string, List, std::less<>>;

/// Reads `lists`: each is a list of values, or `{file: PATH}` with one value a line, `#` for
/// comments. A relative path is relative to the folder of the policy. The text of such files is
/// added to `digest`.
void read_lists(Report& report, const yaml::Node* node, Lists& lists, Sha256& digest);

/// Adds the domain in `node`, or the name alone where it is written `=name`.
void add_name(Report& report, const yaml::Node& node, NameSet& names);

}  // namespace octroi
