#include "rules/services/service.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace octroi {
namespace {

constexpr std::size_t max_service_name = 48;

bool is_service_name(std::string_view text) {
    return !text.empty() && text.size() <= max_service_name && text.front() != '-' &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::string read_service_name(Report& report, const yaml::Node* node) {
    const auto text = read_text(report, node);
    if (text && !is_service_name(*text))
        report.error(Code::bad_value, node->position,
                     fmt::format("`{}` is not a service name", text->substr(0, 80)),
                     "lower-case letters, digits and dashes, 48 at most");
    return text.value_or("");
}

std::string read_jurisdiction(Report& report, const yaml::Node* node) {
    const auto text = read_text(report, node);
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (text && (text->size() != 2 || !std::ranges::all_of(*text, upper)))
        report.error(Code::bad_value, node->position,
                     fmt::format("`{}` is not a country code", text->substr(0, 80)),
                     "two capital letters, ISO 3166-1: FR, US");
    return text.value_or("");
}

template <typename Read>
auto read_all(Report& report, const yaml::Node* list, Read read) {
    std::vector<typename std::invoke_result_t<Read, Report&, const yaml::Node*>::value_type> values;
    for (const yaml::Node* node : read_list(report, list))
        if (auto value = read(report, node))
            values.push_back(std::move(*value));
    return values;
}

void read_addresses(Report& report, const yaml::Node* node, Service& service) {
    if (node == nullptr)
        return;
    Fields fields(report, *node, "`addresses`");
    service.exclusive = read_all(report, fields.optional("exclusive"), read_network);
    service.exclusive_udp = read_all(report, fields.optional("exclusive_udp"), read_network);
    service.shared = read_all(report, fields.optional("shared"), read_network);
    fields.finish();
}

void read_port_lists(Report& report, const yaml::Node* node, Service& service) {
    if (node == nullptr)
        return;
    Fields fields(report, *node, "`ports`");
    service.udp_ports = read_all(report, fields.optional("udp"), read_ports);
    service.tcp_ports = read_all(report, fields.optional("tcp"), read_ports);
    fields.finish();
}

std::optional<Source> read_source(Report& report, const yaml::Node* node) {
    Fields fields(report, *node, "a source");
    Source source{.what = read_text(report, fields.required("what")).value_or(""),
                  .where = read_text(report, fields.required("where")).value_or(""),
                  .date = read_text(report, fields.required("date")).value_or("")};
    fields.finish();
    return source;
}

std::optional<Signature> read_signature(Report& report, const yaml::Node* node) {
    const auto word = read_word(report, node, Code::bad_value, "a signature that octroi knows",
                                {signature_names.begin(), signature_names.end()});
    return word ? std::optional(static_cast<Signature>(*word)) : std::nullopt;
}

}  // namespace

std::optional<Service> read_service(const yaml::Document& document,
                                    std::vector<Finding>& findings) {
    const std::size_t before = findings.size();
    Report report(document, findings);
    Fields fields(report, document.root, "a catalogue entry");
    Service service;
    service.file = document.file;
    service.name = read_service_name(report, fields.required("service"));
    service.id = static_cast<ServiceId>(
        read_integer(report, fields.required("id"), 1, max_service_id).value_or(no_service));
    service.display_name = read_text(report, fields.required("name")).value_or("");
    service.vendor = read_text(report, fields.required("vendor")).value_or("");
    service.jurisdiction = read_jurisdiction(report, fields.required("jurisdiction"));
    service.category = static_cast<Category>(
        read_word(report, fields.required("category"), Code::bad_value, "a category",
                  {category_names.begin(), category_names.end()})
            .value_or(0));
    service.must_stay = read_bool(report, fields.optional("must_stay")).value_or(false);
    service.domains = read_all(report, fields.optional("domains"), read_domain);
    service.shared_domains = read_all(report, fields.optional("shared_domains"), read_domain);
    service.realms = read_all(report, fields.optional("realms"), read_domain);
    read_addresses(report, fields.optional("addresses"), service);
    read_port_lists(report, fields.optional("ports"), service);
    service.signatures = read_all(report, fields.optional("signatures"), read_signature);
    service.ndpi = read_all(report, fields.optional("ndpi"), read_text);
    service.ech_outer = read_bool(report, fields.optional("ech_outer")).value_or(false);
    service.verify_addresses = read_word(report, fields.optional("verify"), Code::bad_value,
                                         "a kind of verification", {"addresses"})
                                   .has_value();
    service.sources = read_all(report, fields.required("sources"), read_source);
    fields.finish();
    return findings.size() == before ? std::optional(std::move(service)) : std::nullopt;
}

}  // namespace octroi
