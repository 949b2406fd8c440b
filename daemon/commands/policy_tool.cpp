#include "daemon/commands/policy_tool.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "classifiers/clear/ndpi.hpp"
#include "classifiers/inspection/findings.hpp"
#include "classifiers/net/domain.hpp"
#include "daemon/config/config.hpp"
#include "daemon/gateway/ruleset_loader.hpp"

namespace octroi {
namespace {

std::expected<Address, std::string> read_address(const std::string& text) {
    const auto address = parse_address(text);
    return address ? std::expected<Address, std::string>(*address)
                   : std::unexpected(fmt::format("`{}` is not an address", text));
}

std::expected<std::uint16_t, std::string> read_port(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size())
        return std::unexpected(fmt::format("`{}` is not a port number", text));
    return port;
}

std::expected<std::string, std::string> read_ndpi_name(const std::string& text,
                                                       std::string_view what) {
    const std::vector<std::string>& names = Ndpi::known_names();
    if (std::ranges::find(names, text) != names.end())
        return text;
    const std::string_view near = nearest(text, {names.begin(), names.end()});
    return std::unexpected(
        fmt::format("`{}` is not {} of nDPI's{}", text, what,
                    near.empty() ? "" : fmt::format(": did you mean `{}`?", near)));
}

std::expected<std::string, std::string> read_protocol(const std::string& text) {
    return read_ndpi_name(text, "a protocol");
}

std::expected<std::string, std::string> read_application(const std::string& text) {
    return text == webrtc_call ? text : read_ndpi_name(text, "an application");
}

template <typename Value, std::size_t Size>
std::expected<Value, std::string> one_of(const std::string& text, std::string_view what,
                                         const std::array<std::string_view, Size>& names) {
    const auto found = std::ranges::find(names, text);
    if (found == names.end())
        return std::unexpected(
            fmt::format("`{}` is not {}: write one of {}", text, what, fmt::join(names, ", ")));
    return static_cast<Value>(found - names.begin());
}

std::expected<Transport, std::string> read_transport(const std::string& text) {
    return one_of<Transport>(text, "a transport", transport_names);
}

std::expected<Strength, std::string> read_strength(const std::string& text) {
    return one_of<Strength>(text, "a strength", strength_names);
}

std::expected<Exception, std::string> read_exception(const std::string& text) {
    return one_of<Exception>(text, "an exception", exception_names);
}

std::expected<bool, std::string> read_truth(const std::string& text) {
    if (text == "true" || text == "false")
        return text == "true";
    return std::unexpected(fmt::format("`{}` is neither true nor false", text));
}

std::expected<std::string, std::string> read_host(const std::string& text) {
    if (text.empty())
        return text;
    const auto domain = Domain::parse(text);
    return domain ? std::expected<std::string, std::string>(domain->text())
                  : std::unexpected(fmt::format("`{}` is not a name", text));
}

// Puts what `read` makes of an optional text in its place; false after an error.
template <typename Value, typename Read>
bool take(const std::optional<std::string>& text, std::optional<Value>& place, std::string& error,
          Read read) {
    if (!text)
        return true;
    auto value = read(*text);
    if (!value) {
        error = std::move(value.error());
        return false;
    }
    place = std::move(*value);
    return true;
}

}  // namespace

Loaded<PolicyTool> PolicyTool::read(const std::optional<std::string>& policy,
                                    const std::optional<std::string>& catalogue) {
    const auto config = load_config(std::nullopt);
    if (!config)
        return std::unexpected(config.error());
    auto services = load_catalogue(catalogue ? catalogue : config->catalogue);
    if (!services)
        return std::unexpected(std::move(services.error()));
    auto rules = load_policy(policy ? policy : config->policy, *services);
    if (!rules)
        return std::unexpected(std::move(rules.error()));
    return PolicyTool(std::move(*services), std::move(*rules));
}

std::expected<PolicyTool, std::string> PolicyTool::load(
    const std::optional<std::string>& policy, const std::optional<std::string>& catalogue) {
    auto tool = read(policy, catalogue);
    return tool ? std::expected<PolicyTool, std::string>(std::move(*tool))
                : std::unexpected(render_all(tool.error()));
}

std::expected<Instant, std::string> read_instant(const std::optional<std::string>& text,
                                                 const Policy& policy) {
    if (!text)
        return absl::Now();
    const auto moment = parse_moment(*text, policy.defaults().time_zone);
    return moment
               ? std::expected<Instant, std::string>(*moment)
               : std::unexpected(fmt::format(
                     "`{}` is no date that exists: write 2026-12-01 or 2026-12-01T08:00", *text));
}

std::expected<PolicyQuery, std::string> PolicyTool::question(const FlowText& flow) const {
    PolicyQuery question;
    const auto client = read_address(flow.client);
    if (!client)
        return std::unexpected("client: " + client.error());
    question.client = *client;
    const auto read_service =
        [&](const std::string& name) -> std::expected<ServiceId, std::string> {
        if (name == "none")
            return no_service;
        if (const Service* found = catalogue_.find(name))
            return found->id;
        const std::string_view near = nearest(name, catalogue_.names());
        return std::unexpected(
            fmt::format("`{}` is not a service of the catalogue{}", name,
                        near.empty() ? "" : fmt::format(": did you mean `{}`?", near)));
    };
    const auto read_interface =
        [&](const std::string& name) -> std::expected<std::string, std::string> {
        if (name == "none")
            return "";
        if (policy_.zones_of_interface(name).any())
            return name;
        return std::unexpected(fmt::format(
            "no zone of the policy names the interface `{}`; none: one of no zone", name));
    };
    std::optional<bool> ech;
    std::string error;
    const bool sound = take(flow.name, question.name, error, read_host) &&
                       take(flow.address, question.address, error, read_address) &&
                       take(flow.port, question.port, error, read_port) &&
                       take(flow.transport, question.transport, error, read_transport) &&
                       take(flow.protocol, question.protocol, error, read_protocol) &&
                       take(flow.application, question.application, error, read_application) &&
                       take(flow.service, question.service, error, read_service) &&
                       take(flow.strength, question.strength, error, read_strength) &&
                       take(flow.exception, question.exception, error, read_exception) &&
                       take(flow.interface, question.interface, error, read_interface) &&
                       take(flow.ech, ech, error, read_truth);
    question.ech = ech.value_or(false);
    question.complete = question.exception.has_value();
    return sound ? std::expected<PolicyQuery, std::string>(std::move(question))
                 : std::unexpected(std::move(error));
}

}  // namespace octroi
