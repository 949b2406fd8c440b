#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/net/address.hpp"
#include "classifiers/net/domain.hpp"
#include "rules/text/diagnostic.hpp"
#include "rules/text/yaml.hpp"

namespace octroi {

/// The document being read and the findings about it.
class Report {
  public:
    Report(const yaml::Document& document, std::vector<Finding>& findings)
        : document_(document), findings_(findings) {}

    void error(Code code, Position position, std::string text, std::string hint = {});

    [[nodiscard]] const std::string& file() const { return document_.file; }

    /// Adds a finding about another file.
    void add(Finding finding);

    /// A report about another document, into the same findings.
    [[nodiscard]] Report about(const yaml::Document& document) const {
        return {document, findings_};
    }

  private:
    [[nodiscard]] bool is_full() const;

    const yaml::Document& document_;
    std::vector<Finding>& findings_;
};

/// Reads one map key by key; finish() reports the keys that nobody asked for.
class Fields {
  public:
    /// `what` names the map in messages: "a rule". A node that is not a map is reported at once and
    /// then reads as an empty map.
    Fields(Report& report, const yaml::Node& node, std::string_view what);

    /// The value of `key`, or null after reporting that it is missing.
    [[nodiscard]] const yaml::Node* required(std::string_view key);

    /// The value of `key`, or null where it is absent.
    [[nodiscard]] const yaml::Node* optional(std::string_view key);

    /// Reports every unknown key, with the known key that it resembles.
    void finish();

  private:
    Report& report_;
    const yaml::Node& node_;
    std::string_view what_;
    std::vector<std::string_view> known_;
    bool is_map_;
};

/// Port numbers, both ends included: written "3478" or "3478-3481".
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    [[nodiscard]] bool contains(std::uint16_t port) const { return first <= port && port <= last; }

    bool operator==(const PortRange&) const = default;
};

/// Each of these gives the value of `node`, or reports what is wrong with it and gives nothing.
/// A null `node` gives nothing without a report.
[[nodiscard]] std::optional<std::string> read_text(Report& report, const yaml::Node* node);
[[nodiscard]] std::optional<std::int64_t> read_integer(Report& report, const yaml::Node* node,
                                                       std::int64_t least, std::int64_t most);
[[nodiscard]] std::optional<bool> read_bool(Report& report, const yaml::Node* node);
[[nodiscard]] std::optional<Network> read_network(Report& report, const yaml::Node* node);
[[nodiscard]] std::optional<Domain> read_domain(Report& report, const yaml::Node* node);
[[nodiscard]] std::optional<PortRange> read_ports(Report& report, const yaml::Node* node);

/// What is wrong with the text of a network, to stand behind it: "has no valid prefix length".
[[nodiscard]] std::string_view explain(Network::Error error);

/// Names as read_word() takes them.
[[nodiscard]] inline std::vector<std::string_view> words(const auto& names) {
    return {names.begin(), names.end()};
}

/// The position of the word in `words`, or nothing after a report that suggests the nearest one.
[[nodiscard]] std::optional<std::size_t> read_word(Report& report, const yaml::Node* node,
                                                   Code code, std::string_view what,
                                                   const std::vector<std::string_view>& words);

/// Reports a format version other than the one that this program reads (`octroi: 1`).
void read_version(Report& report, const yaml::Node* node);

/// The elements of a list, or the node itself where a single value stands for a list of one.
[[nodiscard]] std::vector<const yaml::Node*> elements(const yaml::Node* node);

/// Reports a value that is not a list, or gives its elements.
[[nodiscard]] std::vector<const yaml::Node*> read_list(Report& report, const yaml::Node* node);

}  // namespace octroi
