#include "rules/refresh/vendor_json.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace octroi {
namespace {

using json::Kind;
using json::Value;

// Which entries of a list for many services are one service's. Microsoft's ids of endpoint sets
// never change their meaning; set 11 is the media relays, set 12 has front ends that serve others.
struct MicrosoftShare {
    std::string_view service;
    std::string_view area;
    std::array<std::string_view, 1> exclusive;
    std::array<std::string_view, 2> shared;
};

constexpr std::array microsoft_shares = {
    MicrosoftShare{
        .service = "teams", .area = "Skype", .exclusive = {"11"}, .shared = {"11", "12"}},
};

struct AwsShare {
    std::string_view service;
    std::string_view aws_service;
};

constexpr std::array aws_shares = {
    AwsShare{.service = "slack", .aws_service = "CHIME_MEETINGS"},  // its huddles
};

std::string_view describe(Kind kind) {
    switch (kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "true or false";
        case Kind::number:
            return "a number";
        case Kind::text:
            return "text";
        case Kind::list:
            return "a list";
        case Kind::object:
            return "an object";
    }
    return "";
}

// A value with the way to it, for messages.
struct Located {
    const Value* value = nullptr;  // null: absent
    std::string path;
};

bool expect(ListCollector& collector, const Located& located, Kind kind) {
    if (located.value->kind != kind)
        collector.fail(
            Code::wrong_type, {.path = located.path},
            fmt::format("{} belongs here, not {}", describe(kind), describe(located.value->kind)));
    return located.value->kind == kind;
}

Located member(const Located& object, std::string_view key) {
    return {.value = object.value->find(key), .path = fmt::format("{}.{}", object.path, key)};
}

// The text at `key`, or nothing where there is none.
std::string_view text_at(ListCollector& collector, const Located& object, std::string_view key) {
    const Located found = member(object, key);
    if (found.value == nullptr || !expect(collector, found, Kind::text))
        return {};
    return found.value->text;
}

// Calls `read` with each element of the list, until there is a mistake.
template <typename Read>
void for_each_in(ListCollector& collector, const Located& list, Kind kind, Read read) {
    if (list.value == nullptr || !expect(collector, list, Kind::list))
        return;
    for (std::size_t i = 0; i < list.value->items.size() && collector.ok(); ++i) {
        const Located item{.value = &list.value->items[i],
                           .path = fmt::format("{}[{}]", list.path, i)};
        if (expect(collector, item, kind))
            read(item);
    }
}

// "2026-08-30" of "2026-08-30T10:02:11" and "2026-08-30-10-02-11"; empty where it is no date.
std::string day_of(std::string_view time) {
    constexpr std::string_view form = "dddd-dd-dd";
    const bool fits = time.size() >= form.size() &&
                      std::ranges::equal(form, time.substr(0, form.size()), [](char f, char c) {
                          return f == 'd' ? c >= '0' && c <= '9' : c == f;
                      });
    return fits ? std::string(time.substr(0, form.size())) : std::string{};
}

// An array of endpoint sets: {"id": 11, "serviceArea": "Skype", "urls": [], "ips": []}.
void read_microsoft(const Value& root, const ListRequest& request, ListCollector& collector) {
    const auto share =
        std::ranges::find(microsoft_shares, request.service, &MicrosoftShare::service);
    if (share == microsoft_shares.end())
        return collector.fail(
            Code::unknown_service, {},
            fmt::format("octroi does not know which entries of Microsoft's list are `{}`'s",
                        request.service),
            "put its networks into a file of their own, one a line");
    const std::span<const std::string_view> ids =
        request.kind == AddressKind::shared ? std::span<const std::string_view>(share->shared)
                                            : std::span<const std::string_view>(share->exclusive);
    std::size_t found = 0;
    for_each_in(collector, {.value = &root, .path = "list"}, Kind::object, [&](const Located& set) {
        const Located id = member(set, "id");
        if (id.value == nullptr)
            return collector.fail(Code::missing_key, {.path = set.path}, "there is no \"id\"");
        if (!expect(collector, id, Kind::number) ||
            std::ranges::find(ids, id.value->text) == ids.end() ||
            text_at(collector, set, "serviceArea") != share->area)
            return;
        ++found;
        for_each_in(collector, member(set, "ips"), Kind::text, [&](const Located& item) {
            collector.add_network(item.value->text, {.path = item.path});
        });
        for_each_in(collector, member(set, "urls"), Kind::text, [&](const Located& item) {
            collector.add_name(item.value->text, {.path = item.path});
        });
    });
    if (found < ids.size())
        collector.fail(Code::missing_key, {},
                       fmt::format("the list lacks an entry of `{}`: service area {}, ids {}",
                                   request.service, share->area, fmt::join(ids, ", ")));
}

// {"creationTime": "", "prefixes": [{"ipv4Prefix": ""}, {"ipv6Prefix": ""}]}; in the list of the
// cloud's customers each prefix names a service too.
void read_google(const Located& root, ListCollector& collector) {
    collector.set_date(day_of(text_at(collector, root, "creationTime")));
    for_each_in(collector, member(root, "prefixes"), Kind::object, [&](const Located& prefix) {
        for (const char* key : {"ipv4Prefix", "ipv6Prefix"})
            if (const auto network = text_at(collector, prefix, key); !network.empty())
                collector.add_network(network, {.path = prefix.path});
        if (prefix.value->find("service") != nullptr)
            collector.mark_of_a_cloud();
    });
}

// {"createDate": "", "prefixes": [{"ip_prefix": "", "service": ""}],
//  "ipv6_prefixes": [{"ipv6_prefix": "", "service": ""}]}; where nothing names a service, all.
void read_aws(const Located& root, const ListRequest& request, ListCollector& collector) {
    const auto share = std::ranges::find(aws_shares, request.service, &AwsShare::service);
    const std::string_view wanted = share == aws_shares.end() ? "" : share->aws_service;
    collector.set_date(day_of(text_at(collector, root, "createDate")));
    const auto read = [&](std::string_view list, std::string_view key) {
        for_each_in(collector, member(root, list), Kind::object, [&](const Located& prefix) {
            const std::string_view service = text_at(collector, prefix, "service");
            if (!service.empty()) {
                collector.mark_of_a_cloud();
                if (wanted.empty())
                    collector.fail(Code::unknown_service, {},
                                   fmt::format("octroi does not know which entries of Amazon's "
                                               "list are `{}`'s",
                                               request.service),
                                   "put its networks into a file of their own, one a line");
                if (service != wanted)
                    return;
            }
            if (const auto network = text_at(collector, prefix, key); !network.empty())
                collector.add_network(network, {.path = prefix.path});
        });
    };
    read("prefixes", "ip_prefix");
    read("ipv6_prefixes", "ipv6_prefix");
}

ListFormat format_of(const Value& root) {
    if (root.kind == Kind::list)
        return ListFormat::microsoft;
    return root.find("ipv6_prefixes") != nullptr || root.find("createDate") != nullptr
               ? ListFormat::aws
               : ListFormat::google;
}

}  // namespace

void read_json_list(const Value& root, const ListRequest& request, ListCollector& collector) {
    const ListFormat format =
        request.format == ListFormat::automatic ? format_of(root) : request.format;
    if (format == ListFormat::microsoft)
        return read_microsoft(root, request, collector);
    const Located located{.value = &root, .path = "list"};
    if (!expect(collector, located, Kind::object))
        return;
    if (root.find("prefixes") == nullptr)
        return collector.fail(Code::missing_key, {}, "there is no \"prefixes\"",
                              "octroi reads the JSON lists of Microsoft 365, Google and AWS");
    if (format == ListFormat::aws)
        read_aws(located, request, collector);
    else
        read_google(located, collector);
}

}  // namespace octroi
