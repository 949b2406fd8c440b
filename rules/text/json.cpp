#include "rules/text/json.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace octroi::json {
namespace {

using Library = nlohmann::json;

// The line and column of the octet at `offset`, and that line.
Finding finding_at(std::string_view text, std::size_t offset, std::string message) {
    const std::string_view before = text.substr(0, offset);
    const std::size_t begin = before.rfind('\n') + 1;  // npos + 1 is the start of the text
    return {.code = Code::syntax,
            .position = {.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
                         .column = before.size() - begin + 1},
            .text = std::move(message),
            .source_line = std::string(text.substr(begin, text.find('\n', begin) - begin))};
}

// Builds our values from the library's events, so that limits hold while the text is read. Each
// event gives whether the parser may go on.
class Builder : public nlohmann::json_sax<Library> {
  public:
    explicit Builder(std::string_view text) : text_(text) {}

    Value take() { return std::move(root_); }

    [[nodiscard]] const std::optional<Finding>& refused() const { return refused_; }

    bool null() override { return add({}); }

    bool boolean(bool /*value*/) override { return add({.kind = Kind::boolean}); }

    bool number_integer(number_integer_t value) override {
        return add({.kind = Kind::number, .text = std::to_string(value)});
    }

    bool number_unsigned(number_unsigned_t value) override {
        return add({.kind = Kind::number, .text = std::to_string(value)});
    }

    bool number_float(number_float_t /*value*/, const string_t& written) override {
        return add({.kind = Kind::number, .text = written});
    }

    bool string(string_t& value) override {
        return add({.kind = Kind::text, .text = std::move(value)});
    }

    bool binary(binary_t& /*value*/) override { return false; }  // not in JSON text

    bool start_object(std::size_t /*elements*/) override { return begin(Kind::object); }

    bool start_array(std::size_t /*elements*/) override { return begin(Kind::list); }

    bool key(string_t& value) override {
        open_.back().keys.push_back(std::move(value));
        return true;
    }

    bool end_object() override {
        std::vector<std::string_view> keys(open_.back().keys.begin(), open_.back().keys.end());
        std::ranges::sort(keys);
        const auto twice = std::ranges::adjacent_find(keys);
        if (twice != keys.end())
            return refuse({.code = Code::duplicate_key,
                           .text = fmt::format("the key {} stands twice in one object",
                                               quote(twice->substr(0, 80)))});
        return close();
    }

    bool end_array() override { return close(); }

    bool parse_error(std::size_t position, const std::string& /*last_token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        const std::size_t offset = std::min(position == 0 ? 0 : position - 1, text_.size());
        return refuse(finding_at(
            text_, offset,
            offset == text_.size() ? "the JSON text ends too early" : "this is not JSON"));
    }

  private:
    bool refuse(Finding finding) {
        refused_ = std::move(finding);
        return false;
    }

    bool begin(Kind kind) {
        if (open_.size() == max_nesting)
            return refuse(
                {.code = Code::nesting,
                 .text = fmt::format("values are nested more than {} deep", max_nesting)});
        open_.push_back({.kind = kind});
        return true;
    }

    bool close() {
        Value done = std::move(open_.back());
        open_.pop_back();
        return add(std::move(done));
    }

    bool add(Value value) {
        if (++count_ > max_values)
            return refuse({.code = Code::too_many_nodes,
                           .text = fmt::format("more than {} values", max_values)});
        if (open_.empty())
            root_ = std::move(value);
        else
            open_.back().items.push_back(std::move(value));
        return true;
    }

    std::string_view text_;
    Value root_;
    std::vector<Value> open_;
    std::size_t count_ = 0;
    std::optional<Finding> refused_;
};

}  // namespace

const Value* Value::find(std::string_view key) const {
    const auto found = std::ranges::find(keys, key);
    return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

std::expected<Value, Finding> parse(const std::string& file, std::string_view text) {
    Builder builder(text);
    if (Library::sax_parse(text, &builder))
        return builder.take();
    Finding finding = builder.refused().value_or(Finding{.code = Code::syntax});
    finding.file = file;
    return std::unexpected(std::move(finding));
}

std::string quote(std::string_view text) {
    return Library(text).dump(-1, ' ', false, Library::error_handler_t::replace);
}

}  // namespace octroi::json
