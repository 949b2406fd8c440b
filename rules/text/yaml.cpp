#include "rules/text/yaml.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "rules/text/text_file.hpp"

namespace octroi::yaml {
namespace {

Position position_of(const YAML::Mark& mark) {
    if (mark.is_null())
        return {.line = 1, .column = 1};
    return {.line = static_cast<std::size_t>(mark.line) + 1,
            .column = static_cast<std::size_t>(mark.column) + 1};
}

// Ends the parse from inside yaml-cpp's callbacks; never leaves this file.
struct Refused {
    Code code;
    Position position;
    std::string text;
    std::string hint;
};

std::size_t node_count(const Node& node) {
    std::size_t count = 1;
    for (const auto* children : {&node.items, &node.keys, &node.values})
        for (const Node& child : *children)
            count += node_count(child);
    return count;
}

std::size_t depth_of(const Node& node) {
    std::size_t deepest = 0;
    for (const auto* children : {&node.items, &node.values})
        for (const Node& child : *children)
            deepest = std::max(deepest, depth_of(child));
    return deepest + 1;
}

// Whether the quoted scalar that opens at `start` ends before the text does: yaml-cpp takes the end
// of the file for a closing quote, and the rest of the file for the value (YAML 1.2 7.3.1, 7.3.2).
bool closes(std::string_view text, std::size_t start) {
    if (start >= text.size() || (text[start] != '"' && text[start] != '\''))
        return true;
    const char quote = text[start];
    for (std::size_t i = start + 1; i < text.size(); ++i) {
        if ((quote == '"' && text[i] == '\\') || (quote == '\'' && text.substr(i, 2) == "''"))
            ++i;
        else if (text[i] == quote)
            return true;
    }
    return false;
}

// Builds our nodes from yaml-cpp's events, so that limits hold while the file is read.
class Builder : public YAML::EventHandler {
  public:
    explicit Builder(std::string_view text) : text_(text) {}

    Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override { root_.position = position_of(mark); }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add({.kind = Kind::null, .position = position_of(mark)}, anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node{.kind = Kind::scalar, .position = position_of(mark), .scalar = value};
        const bool plain = tag == "?";
        if (!plain && !closes(text_, static_cast<std::size_t>(mark.pos)))
            throw Refused{
                .code = Code::syntax,
                .position = position_of(mark),
                .text = "the quote that opens here is never closed",
                .hint = "everything behind it would be part of this value: close the quote"};
        if (bad_character(value))  // by an escape: the file itself has none
            throw Refused{.code = Code::bad_encoding,
                          .position = position_of(mark),
                          .text = "this value holds a control character",
                          .hint = "texts are shown on terminals: leave the escape out"};
        if (plain && (value.empty() || value == "~" || value == "null"))
            node.kind = Kind::null;
        add(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw Refused{.code = Code::syntax,
                          .position = position_of(mark),
                          .text = "an alias refers to a value that contains it",
                          .hint = {}};
        count_copied(found->second, position_of(mark));
        if (open_.size() + depth_of(found->second) > max_nesting)
            refuse_nesting(mark);
        Node copy = found->second;
        copy.position = position_of(mark);
        add(std::move(copy), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        begin(Kind::sequence, mark, anchor);
    }

    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        begin(Kind::map, mark, anchor);
    }

    void OnSequenceEnd() override { close(); }

    void OnMapEnd() override { close(); }

  private:
    struct Open {
        Node node;
        YAML::anchor_t anchor = 0;
    };

    [[noreturn]] static void refuse_nesting(const YAML::Mark& mark) {
        throw Refused{.code = Code::nesting,
                      .position = position_of(mark),
                      .text = fmt::format("values are nested more than {} deep", max_nesting),
                      .hint = {}};
    }

    // Values under an anchor are kept a second time, and once more for each alias.
    void count_copied(const Node& node, Position position) {
        copied_ += node_count(node);
        if (copied_ > max_nodes_from_aliases)
            throw Refused{.code = Code::too_many_nodes,
                          .position = position,
                          .text = fmt::format("aliases expand to more than {} values",
                                              max_nodes_from_aliases),
                          .hint = "write the values out, or use fewer aliases of aliases"};
    }

    void begin(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() == max_nesting)
            refuse_nesting(mark);
        open_.push_back({.node = {.kind = kind, .position = position_of(mark)}, .anchor = anchor});
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor);
    }

    void add(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            count_copied(node, node.position);
            anchors_[anchor] = node;
        }
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Node& parent = open_.back().node;
        if (parent.kind == Kind::sequence)
            parent.items.push_back(std::move(node));
        else if (parent.keys.size() == parent.values.size())
            add_key(parent, std::move(node));
        else
            parent.values.push_back(std::move(node));
    }

    static void add_key(Node& map, Node key) {
        if (key.kind != Kind::scalar)
            throw Refused{.code = Code::wrong_type,
                          .position = key.position,
                          .text = "a key must be a plain word",
                          .hint = {}};
        map.keys.push_back(std::move(key));
    }

    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t copied_ = 0;
    std::string_view text_;
};

void refuse_duplicates(const Node& node) {
    std::vector<const Node*> sorted;
    for (const Node& key : node.keys)
        sorted.push_back(&key);
    std::ranges::stable_sort(sorted, {},
                             [](const Node* key) -> const std::string& { return key->scalar; });
    const auto twice = std::ranges::adjacent_find(
        sorted, [](const Node* a, const Node* b) { return a->scalar == b->scalar; });
    if (twice != sorted.end())
        throw Refused{.code = Code::duplicate_key,
                      .position = (*std::next(twice))->position,
                      .text = fmt::format("`{}` stands here twice", (*twice)->scalar),
                      .hint = fmt::format("the first one is on line {}", (*twice)->position.line)};
    for (const auto* children : {&node.items, &node.values})
        for (const Node& child : *children)
            refuse_duplicates(child);
}

// yaml-cpp reads a flow collection to its end before it tells of its first value: 8 MiB of brackets
// would take 1.8 GiB. Brackets in quotes and comments are counted too, but there are never so many.
void refuse_unclosed_brackets(std::string_view text) {
    constexpr int most = 1000;
    int open = 0;
    Position position{.line = 1, .column = 1};
    for (const char c : text) {
        open += c == '[' || c == '{' ? 1 : 0;
        open -= c == ']' || c == '}' ? 1 : 0;
        if (open > most)
            throw Refused{.code = Code::nesting,
                          .position = position,
                          .text = fmt::format("more than {} brackets are open here", most),
                          .hint = {}};
        position.column = c == '\n' ? 1 : position.column + 1;
        position.line += c == '\n' ? 1 : 0;
    }
}

Node build(const std::string& text) {
    if (const auto place = bad_character(text))
        throw Refused{.code = Code::bad_encoding,
                      .position = *place,
                      .text = std::string(not_utf8),
                      .hint = std::string(save_as_utf8)};
    refuse_unclosed_brackets(text);
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Builder builder(text);
    if (!parser.HandleNextDocument(builder))
        return {};
    Node root = builder.take();
    Builder second(text);
    if (parser.HandleNextDocument(second))
        throw Refused{.code = Code::syntax,
                      .position = second.take().position,
                      .text = "a second document starts here",
                      .hint = "one file holds one document: remove the `---` line"};
    refuse_duplicates(root);
    return root;
}

std::string_view line_at(std::string_view text, std::size_t line) {
    for (; line > 1; --line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos)
            return {};
        text.remove_prefix(end + 1);
    }
    const std::string_view found = text.substr(0, text.find('\n'));
    return found.ends_with('\r') ? found.substr(0, found.size() - 1) : found;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found = std::ranges::find(keys, key, &Node::scalar);
    return found == keys.end() ? nullptr : &values[static_cast<std::size_t>(found - keys.begin())];
}

Finding Document::finding(Code code, Position position, std::string message,
                          std::string hint) const {
    return {.code = code,
            .file = file,
            .position = position,
            .text = std::move(message),
            .source_line = std::string(line_at(text, position.line)),
            .hint = std::move(hint)};
}

std::expected<Document, Finding> parse(std::string file, std::string text) {
    Document document{.file = std::move(file), .text = std::move(text), .root = {}};
    if (document.text.size() > max_file_size)
        return std::unexpected(too_large(document.file, document.text.size(), max_file_size));
    try {
        document.root = build(document.text);
    } catch (const Refused& refused) {
        return std::unexpected(
            document.finding(refused.code, refused.position, refused.text, refused.hint));
    } catch (const YAML::Exception& error) {
        const bool tab = line_at(document.text, position_of(error.mark).line).find('\t') !=
                         std::string_view::npos;
        return std::unexpected(
            document.finding(Code::syntax, position_of(error.mark), error.msg,
                             tab ? "YAML indents with spaces, not with tabs" : ""));
    }
    return document;
}

std::expected<Document, Finding> load(const std::string& path) {
    auto text = read_text_file(path, max_file_size);
    if (!text)
        return std::unexpected(std::move(text.error()));
    return parse(path, std::move(*text));
}

}  // namespace octroi::yaml
