#include "rules/policy/policy_lists.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "rules/text/list_lines.hpp"
#include "rules/text/text_file.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_lists = 1000;
constexpr std::size_t max_values = 200'000;

void add_value(Report& report, const yaml::Node& node, List& list) {
    if (node.kind != yaml::Kind::scalar || !looks_like_network(node.scalar))
        return add_name(report, node, list.names);
    if (const auto network = read_network(report, &node))
        list.networks.push_back(*network);
}

// One value a line. What is wrong in the file is told with its own lines.
void read_list_file(Report& report, const yaml::Node& node, List& list, Sha256& digest) {
    const auto path = std::filesystem::path(report.file()).parent_path() / node.scalar;
    auto text = read_text_file(path.string(), yaml::max_file_size);
    if (!text) {
        Finding finding = std::move(text.error());
        return report.error(finding.code, node.position,
                            fmt::format("the list {}: {}", path.string(), finding.text),
                            finding.hint);
    }
    const yaml::Document document{.file = path.string(), .text = std::move(*text), .root = {}};
    digest.add(document.text);
    Report inside = report.about(document);
    if (const auto place = bad_character(document.text))
        return inside.error(Code::bad_encoding, *place, std::string(not_utf8),
                            std::string(save_as_utf8));
    std::size_t values = 0;
    ListLines lines(document.text);
    for (ListLine line = lines.next(); !line.value.empty(); line = lines.next()) {
        if (++values > max_values)
            return inside.error(Code::too_many, line.position,
                                fmt::format("more than {} values", max_values));
        add_value(inside,
                  {.kind = yaml::Kind::scalar,
                   .position = line.position,
                   .scalar = std::string(line.value)},
                  list);
    }
}

List read_list_of(Report& report, const yaml::Node& node, Sha256& digest) {
    List list;
    if (node.kind == yaml::Kind::map) {
        Fields fields(report, node, "a list");
        const yaml::Node* file = fields.required("file");
        fields.finish();
        if (file != nullptr && read_text(report, file))
            read_list_file(report, *file, list, digest);
        return list;
    }
    for (const yaml::Node* value : elements(&node))
        add_value(report, *value, list);
    return list;
}

}  // namespace

void add_name(Report& report, const yaml::Node& node, NameSet& names) {
    const bool exact = node.kind == yaml::Kind::scalar && node.scalar.starts_with('=');
    yaml::Node bare = node;
    if (exact)
        bare.scalar.erase(0, 1);
    if (const auto domain = read_domain(report, &bare))
        (exact ? names.exact : names.domains).insert(domain->text());
}

void read_lists(Report& report, const yaml::Node* node, Lists& lists, Sha256& digest) {
    if (node == nullptr || node->kind == yaml::Kind::null)
        return;
    if (node->kind != yaml::Kind::map)
        return report.error(Code::wrong_type, node->position,
                            "`lists` must be a map of `name: values`");
    if (lists.size() + node->keys.size() > max_lists)
        return report.error(Code::too_many, node->position,
                            fmt::format("more than {} lists", max_lists));
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
        const yaml::Node& key = node->keys[i];
        const auto [place, fresh] =
            lists.try_emplace(key.scalar, read_list_of(report, node->values[i], digest));
        if (fresh) {
            place->second.file = report.file();
            place->second.position = key.position;
        }
        if (!fresh)
            report.error(Code::duplicate_name, key.position,
                         fmt::format("a second list is called `{}`", key.scalar));
    }
}

}  // namespace octroi
