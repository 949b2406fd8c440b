#pragma once

#include <expected>
#include <optional>
#include <string>

#include "rules/policy/loader.hpp"
#include "rules/policy/policy_query.hpp"

namespace octroi {

/// A flow as somebody writes it down, on a command line or in a test of a policy.
struct FlowText {
    std::string client;
    std::optional<std::string> name;
    std::optional<std::string> address;
    std::optional<std::string> port;
    std::optional<std::string> transport;
    std::optional<std::string> protocol;
    std::optional<std::string> application;
    std::optional<std::string> strength;
    std::optional<std::string> interface;  ///< that the client is behind
    std::optional<std::string> ech;        ///< "true" or "false"
    std::optional<std::string> service;    ///< "none": no service
    std::optional<std::string> exception;  ///< why nothing could be learned
};

/// The moment that `text` names in the policy's time zone; now where there is none. The error is
/// what to print.
[[nodiscard]] std::expected<Instant, std::string> read_instant(
    const std::optional<std::string>& text, const Policy& policy);

/// A policy with its catalogue, for the tools that ask it questions.
class PolicyTool {
  public:
    /// Without a file: what the installed configuration names, else what is shipped.
    [[nodiscard]] static Loaded<PolicyTool> read(const std::optional<std::string>& policy,
                                                 const std::optional<std::string>& catalogue);

    /// The same; the error is what to print.
    [[nodiscard]] static std::expected<PolicyTool, std::string> load(
        const std::optional<std::string>& policy, const std::optional<std::string>& catalogue);

    [[nodiscard]] const Catalogue& catalogue() const { return catalogue_; }

    [[nodiscard]] const Policy& policy() const { return policy_; }

    /// read_instant() for its policy.
    [[nodiscard]] std::expected<Instant, std::string> moment(
        const std::optional<std::string>& text) const {
        return read_instant(text, policy_);
    }

    /// The question about a flow, or what is wrong with its text.
    [[nodiscard]] std::expected<PolicyQuery, std::string> question(const FlowText& flow) const;

  private:
    PolicyTool(Catalogue catalogue, Policy policy)
        : catalogue_(std::move(catalogue)), policy_(std::move(policy)) {}

    Catalogue catalogue_;
    Policy policy_;
};

}  // namespace octroi
