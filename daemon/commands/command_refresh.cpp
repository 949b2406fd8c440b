#include <ctime>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "daemon/commands/catalogue_text.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/entry_writer.hpp"
#include "daemon/config/config.hpp"
#include "daemon/gateway/ruleset_loader.hpp"
#include "rules/policy/loader.hpp"
#include "rules/refresh/refresh_guard.hpp"
#include "rules/text/text_file.hpp"

namespace octroi {
namespace {

using Lists = std::vector<VendorList>;

ExitCode fail(const std::vector<Finding>& findings) {
    fmt::print(stderr, "{}", render_all(findings));
    return ExitCode::failed;
}

// The first kind of networks that the entry has.
AddressKind usual_kind(const Service& service) {
    for (const AddressKind kind :
         {AddressKind::exclusive, AddressKind::exclusive_udp, AddressKind::shared})
        if (!networks_of(service, kind).empty())
            return kind;
    return AddressKind::exclusive;
}

std::expected<Lists, Finding> read_lists(const RefreshCommand& command, AddressKind kind) {
    Lists lists;
    std::size_t entries = 0;
    for (const std::string& file : command.lists) {
        const auto text = read_text_file(file, max_list_size);
        if (!text)
            return std::unexpected(text.error());
        auto list = read_vendor_list(file, *text,
                                     {.service = command.service,
                                      .kind = kind,
                                      .format = command.format.value_or(ListFormat::automatic)});
        if (!list)
            return std::unexpected(std::move(list.error()));
        entries += list->networks.size() + list->domains.size();
        if (entries > max_list_entries)
            return std::unexpected(Finding{
                .code = Code::too_many,
                .file = file,
                .text =
                    fmt::format("more than {} networks and names in all lists", max_list_entries)});
        lists.push_back(std::move(*list));
    }
    return lists;
}

// A source for each list, in the manner of docs/catalogue.md: its own date, else the day it was
// read.
std::vector<Source> sources_of(const Lists& lists, AddressKind kind) {
    const std::string today = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
    std::vector<Source> sources;
    for (const VendorList& list : lists)
        sources.push_back({.what = fmt::format("{} addresses{}", to_string(kind),
                                               list.date.empty() ? " (undated, day read)" : ""),
                           .where = std::filesystem::path(list.file).filename().string(),
                           .date = list.date.empty() ? today : list.date});
    return sources;
}

// Every service that is not to be touched: those of the catalogue, and what must stay by the
// shipped entries, whatever somebody put in their place.
std::vector<const Service*> others(const Catalogue& catalogue, const Catalogue& shipped) {
    std::vector<const Service*> services;
    for (const Service& service : catalogue.services())
        services.push_back(&service);
    for (const Service& service : shipped.services()) {
        const Service* present = catalogue.find(service.name);
        if (service.must_stay && (present == nullptr || present->file != service.file))
            services.push_back(&service);
    }
    return services;
}

std::optional<std::string> catalogue_folder(const RefreshCommand& command) {
    if (command.catalogue || command.write)
        return command.catalogue ? command.catalogue : command.write;
    const auto config = load_config(std::nullopt);
    return config ? config->catalogue : std::nullopt;
}

struct Refresh {
    const RefreshCommand& command;
    const Service& service;
    Lists lists;
    Difference difference;
    std::vector<Refusal> refused;
    std::string written;  // path

    void print() const {
        if (command.json)
            fmt::print("{}\n", refresh_json(service, difference, refused, written));
        else
            fmt::print("{}", refresh_text(service, difference));
        for (const Refusal& refusal : refused)
            fmt::print(stderr, "octroi: refused: {}\n   hint: {}\n", refusal.why, refusal.hint);
    }
};

// What could not be written, or what the catalogue has against the new entry.
ExitCode fail_to_write(const std::vector<Finding>& findings) {
    fmt::print(stderr, "{}", render_all(findings));
    return findings.front().code == Code::unreadable ? ExitCode::failed : ExitCode::findings;
}

std::expected<std::string, std::vector<Finding>> write_entry(const Refresh& refresh) {
    const auto sources = sources_of(refresh.lists, refresh.difference.kind);
    const auto entry = refreshed(refresh.service, refresh.difference, sources);
    std::vector<std::string> folders;
    for (const auto* folder : {&refresh.command.write, &refresh.command.catalogue})
        if (*folder)
            folders.push_back(**folder);
    return install_entry(folders, entry);
}

// Writes the new entry where that is asked for and allowed.
ExitCode conclude(Refresh refresh) {
    if (refresh.refused.empty() && refresh.difference.empty()) {
        refresh.print();
        return ExitCode::ok;
    }
    if (!refresh.command.write || !refresh.refused.empty()) {
        refresh.print();
        if (refresh.refused.empty())
            fmt::print(stderr, "octroi: nothing written; --write DIR writes the new entry\n");
        return ExitCode::findings;
    }
    const auto path = write_entry(refresh);
    if (!path)
        return fail_to_write(path.error());
    refresh.written = *path;
    refresh.print();
    fmt::print(stderr, "octroi: wrote {}; reload octroi to put it in force\n", *path);
    return ExitCode::ok;
}

}  // namespace

ExitCode execute(const RefreshCommand& command) {
    const auto catalogue = load_catalogue(catalogue_folder(command));
    const auto shipped = load_catalogue(std::nullopt);
    if (!catalogue || !shipped)
        return fail(catalogue ? shipped.error() : catalogue.error());
    const Service* service = catalogue->find(command.service);
    if (service == nullptr) {
        fmt::print(stderr, "octroi: {}\n", no_such_service(command.service, *catalogue));
        return ExitCode::failed;
    }
    const AddressKind kind = command.kind.value_or(usual_kind(*service));
    auto lists = read_lists(command, kind);
    if (!lists)
        return fail({lists.error()});
    auto difference = compare(*service, *lists, kind);
    auto refused =
        refusals(*service, difference, others(*catalogue, *shipped), command.allow_large_change);
    return conclude({.command = command,
                     .service = *service,
                     .lists = std::move(*lists),
                     .difference = std::move(difference),
                     .refused = std::move(refused),
                     .written = {}});
}

}  // namespace octroi
