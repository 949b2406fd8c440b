#include "rules/refresh/list_collector.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "rules/text/schema.hpp"

namespace octroi {
namespace {

// Lists come from elsewhere: what is quoted of them is short and can't disturb a terminal.
std::string shown(std::string_view text) {
    constexpr std::size_t enough = 80;
    std::string copy(text.substr(0, enough));
    std::ranges::replace_if(copy, [](char c) { return c < 0x20 || c == 0x7f; }, '?');
    return copy;
}

}  // namespace

void ListCollector::fail(Code code, const ListPlace& place, std::string text, std::string hint) {
    if (mistake_)
        return;
    if (!place.path.empty())
        text = fmt::format("{}: {}", place.path, text);
    mistake_ = Finding{.code = code,
                       .file = list_.file,
                       .position = place.position,
                       .text = std::move(text),
                       .source_line = std::string(place.line),
                       .hint = std::move(hint)};
}

bool ListCollector::has_room(const ListPlace& place) {
    if (list_.networks.size() + list_.domains.size() == max_list_entries)
        fail(Code::too_many, place,
             fmt::format("more than {} networks and names", max_list_entries));
    return ok();
}

void ListCollector::add_network(std::string_view text, const ListPlace& place) {
    if (!has_room(place))
        return;
    if (const auto network = Network::parse(text)) {
        list_.networks.push_back(*network);
    } else {
        const auto canonical = Network::canonical(text);
        fail(Code::bad_network, place,
             fmt::format("`{}` {}", shown(text), explain(network.error())),
             canonical ? fmt::format("did you mean `{}`?", *canonical) : "");
    }
}

void ListCollector::add_name(std::string_view text, const ListPlace& place) {
    if (!has_room(place))
        return;
    const auto name = Domain::parse(text.starts_with("*.") ? text.substr(2) : text);
    if (name)
        list_.domains.push_back(*name);
    else
        fail(Code::bad_domain, place, fmt::format("`{}` is not a domain name", shown(text)));
}

std::expected<VendorList, Finding> ListCollector::finish() && {
    if (list_.networks.empty() && list_.domains.empty())
        fail(Code::missing_key, {}, "the list names neither networks nor names");
    if (mistake_)
        return std::unexpected(std::move(*mistake_));
    return std::move(list_);
}

}  // namespace octroi
