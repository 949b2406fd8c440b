// Property: any text is a JSON value within the limits or one finding that points into it; what
// was read, written again, reads as the same value.
#include <algorithm>
#include <string>

#include "rules/text/json.hpp"
#include "tests/fuzz/property.hpp"

using octroi::fuzz::require;
using octroi::json::Kind;
using octroi::json::Value;

namespace {

std::size_t check_shape(const Value& value, std::size_t depth) {
    require(depth <= octroi::json::max_nesting);
    const bool holds = value.kind == Kind::list || value.kind == Kind::object;
    require(holds || value.items.empty());
    require(value.keys.size() == (value.kind == Kind::object ? value.items.size() : 0));
    std::size_t values = 1;
    for (const std::string& key : value.keys)
        require(value.find(key) != nullptr);
    for (const Value& item : value.items)
        values += check_shape(item, depth + 1);
    return values;
}

// A boolean is written as one of its two values: which one is not kept.
std::string written(const Value& value) {
    switch (value.kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "true";
        case Kind::number:
            return value.text;
        case Kind::text:
            return octroi::json::quote(value.text);
        case Kind::list:
        case Kind::object:
            break;
    }
    const bool object = value.kind == Kind::object;
    std::string text = object ? "{" : "[";
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        text += i == 0 ? "" : ",";
        text += object ? octroi::json::quote(value.keys[i]) + ":" : "";
        text += written(value.items[i]);
    }
    return text + (object ? "}" : "]");
}

bool same(const Value& one, const Value& other) {
    return one.kind == other.kind && one.text == other.text && one.keys == other.keys &&
           std::ranges::equal(one.items, other.items, same);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto value = octroi::json::parse("fuzz.json", text);
    if (!value) {
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
        require(!value.error().text.empty() && value.error().file == "fuzz.json");
        require(value.error().position.line <= lines);
        require(!octroi::render(value.error()).empty());
        return 0;
    }
    require(check_shape(*value, 0) <= octroi::json::max_values);
    const auto again = octroi::json::parse("fuzz.json", written(*value));
    require(again && same(*again, *value));
    return 0;
}
