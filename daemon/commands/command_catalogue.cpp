#include <fmt/format.h>

#include "daemon/commands/catalogue_text.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/config/config.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "rules/policy/loader.hpp"

namespace octroi {
namespace {

ExitCode list(const Catalogue& catalogue) {
    for (const Service& service : catalogue.services())
        fmt::print("{:<4} {:<22} {:<20} {:<3} {}\n", service.id, service.name,
                   to_string(service.category), service.jurisdiction, service.vendor);
    return ExitCode::ok;
}

template <typename Items, typename Text>
void print_items(std::string_view title, const Items& items, Text text) {
    for (std::size_t i = 0; i < items.size(); ++i)
        fmt::print("{:<14}{}\n", i == 0 ? title : "", text(items[i]));
}

std::string ports_text(PortRange range) {
    return range.first == range.last ? fmt::format("{}", range.first)
                                     : fmt::format("{}-{}", range.first, range.last);
}

ExitCode show(const Catalogue& catalogue, const std::string& name) {
    const Service* service = catalogue.find(name);
    if (service == nullptr) {
        fmt::print(stderr, "octroi: {}\n", no_such_service(name, catalogue));
        return ExitCode::findings;
    }
    const auto domain_text = [](const Domain& domain) { return domain.text(); };
    const auto network_text = [](const Network& network) { return to_string(network); };
    const auto as_it_is = [](const std::string& text) { return text; };
    fmt::print(
        "service       {} (id {})\nname          {}\nvendor        {}\njurisdiction  {}\ncategory  "
        "    {}\n",
        service->name, service->id, service->display_name, service->vendor, service->jurisdiction,
        to_string(service->category));
    print_items("domains", service->domains, domain_text);
    print_items("shared names", service->shared_domains, domain_text);
    print_items("exclusive", service->exclusive, network_text);
    print_items("exclusive UDP", service->exclusive_udp, network_text);
    print_items("shared", service->shared, network_text);
    print_items("udp ports", service->udp_ports, ports_text);
    print_items("tcp ports", service->tcp_ports, ports_text);
    print_items("signatures", service->signatures,
                [](Signature signature) { return to_string(signature); });
    print_items("nDPI", service->ndpi, as_it_is);
    if (service->verify_addresses)
        fmt::print("verify        addresses\n");
    if (service->must_stay)
        fmt::print("must stay     yes\n");
    print_items("sources", service->sources, [](const Source& source) {
        return fmt::format("{}: {} ({})", source.what, source.where, source.date);
    });
    fmt::print("file          {}\n", service->file);
    return ExitCode::ok;
}

// The prefixes of NAT64 that the policy names: without a policy that can be read the well-known
// ones alone hold.
std::vector<Nat64Prefix> prefixes_of(const std::optional<std::string>& file,
                                     const Catalogue& catalogue) {
    const auto policy = load_policy(file, catalogue);
    if (policy)
        return {policy->nat64().begin(), policy->nat64().end()};
    fmt::print(stderr, "{}octroi: without the `nat64` of that policy\n",
               render_all(policy.error()));
    return {};
}

const Service* find_address(const Catalogue& catalogue, const Address& address,
                            const std::optional<std::string>& policy) {
    if (address.is_v4())
        return catalogue.find_address(address);
    const auto nat64 = prefixes_of(policy, catalogue);
    if (const auto inside = embedded_address(address, nat64))
        fmt::print(stderr, "octroi: {}\n", dress_text(address, *inside));
    return catalogue.find_address(address, nat64);
}

ExitCode lookup(const Catalogue& catalogue, const std::string& subject,
                const std::optional<std::string>& policy) {
    const Service* service = nullptr;
    if (const auto address = parse_address(subject)) {
        service = find_address(catalogue, *address, policy);
    } else if (const auto domain = Domain::parse(subject)) {
        service = catalogue.find_domain(domain->text());
    } else {
        fmt::print(stderr, "octroi: `{}` is neither a name nor an address\n", subject);
        return ExitCode::failed;
    }
    if (service == nullptr) {
        fmt::print(stderr, "octroi: no service claims {}\n", subject);
        return ExitCode::findings;
    }
    fmt::print("{}\n", service->name);
    return ExitCode::ok;
}

}  // namespace

ExitCode execute(const CatalogueCommand& command) {
    const auto config = load_config(std::nullopt);
    const auto folder = command.catalogue || !config ? command.catalogue : config->catalogue;
    const auto catalogue = load_catalogue(folder);
    if (!catalogue) {
        fmt::print(stderr, "{}", render_all(catalogue.error()));
        return ExitCode::findings;
    }
    switch (command.verb) {
        case CatalogueCommand::Verb::list:
            return list(*catalogue);
        case CatalogueCommand::Verb::show:
            return show(*catalogue, command.subject);
        case CatalogueCommand::Verb::lookup:
            return lookup(*catalogue, command.subject,
                          command.policy || !config ? command.policy : config->policy);
        case CatalogueCommand::Verb::check:
            fmt::print(stderr, "{} services, no conflict\n", catalogue->services().size());
            return ExitCode::ok;
    }
    return ExitCode::failed;
}

}  // namespace octroi
