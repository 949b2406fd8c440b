#include "daemon/config/config.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "daemon/version.hpp"
#include "rules/text/schema.hpp"
#include "rules/text/yaml.hpp"

namespace octroi {
namespace {

constexpr std::int64_t max_queues = 64;
constexpr std::int64_t max_queue_length = 1'000'000;
constexpr std::int64_t max_flows = 4'000'000;

std::uint16_t one_per_core() {
    return static_cast<std::uint16_t>(
        std::clamp(std::thread::hardware_concurrency(), 1U, unsigned{max_queues}));
}

bool is_loopback(const std::string& address) {
    const auto parsed = parse_address(address);
    return parsed && (Network::parse("127.0.0.0/8")->contains(*parsed) ||
                      Network::parse("::1")->contains(*parsed));
}

class ConfigReader {
  public:
    ConfigReader(Report& report, std::filesystem::path folder)
        : report_(report), folder_(std::move(folder)) {}

    Config read(const yaml::Node& root);

  private:
    template <typename Integer>
    void read_into(Integer& target, const yaml::Node* node, std::int64_t least, std::int64_t most) {
        if (const auto value = read_integer(report_, node, least, most))
            target = static_cast<Integer>(*value);
    }

    std::optional<std::string> read_path(const yaml::Node* node);
    void read_queues(const yaml::Node* node, Config& config);
    void read_mark(const yaml::Node* node, Config& config);
    void read_firewall(const yaml::Node* node, Config& config);
    void read_hooks(const yaml::Node* node, Config& config);
    void read_flows(const yaml::Node* node, Config& config);
    void read_metrics(const yaml::Node* node, Config& config);
    void read_listen(const yaml::Node& node, Config& config);

    Report& report_;
    std::filesystem::path folder_;
};

Config ConfigReader::read(const yaml::Node& root) {
    Config config;
    config.file = report_.file();
    config.queue_count = one_per_core();
    Fields fields(report_, root, "the configuration");
    read_version(report_, fields.required("octroi"));
    config.policy = read_path(fields.optional("policy"));
    config.catalogue = read_path(fields.optional("catalogue"));
    read_queues(fields.optional("queues"), config);
    read_mark(fields.optional("mark"), config);
    if (const auto word = read_word(report_, fields.optional("on_failure"), Code::bad_value,
                                    "closed or open", {"closed", "open"}))
        config.on_failure = static_cast<OnFailure>(*word);
    if (const auto word = read_word(report_, fields.optional("observe"), Code::bad_value,
                                    "decided or full", {"decided", "full"}))
        config.observe = static_cast<Observe>(*word);
    read_firewall(fields.optional("firewall"), config);
    read_flows(fields.optional("flows"), config);
    read_metrics(fields.optional("metrics"), config);
    if (const yaml::Node* events = fields.optional("events"))
        config.events = read_event_settings(report_, *events, folder_);
    fields.finish();
    return config;
}

std::optional<std::string> ConfigReader::read_path(const yaml::Node* node) {
    const auto text = read_text(report_, node);
    return text ? std::optional((folder_ / *text).string()) : std::nullopt;
}

void ConfigReader::read_queues(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`queues`");
    read_into(config.first_queue, fields.optional("first"), 0, 65535 - max_queues);
    const yaml::Node* count = fields.optional("count");
    if (count != nullptr && count->scalar != "auto")
        read_into(config.queue_count, count, 1, max_queues);
    read_into(config.queue_length, fields.optional("max_length"), 1, max_queue_length);
    fields.finish();
}

void ConfigReader::read_mark(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`mark`");
    unsigned shift = MarkLayout::default_shift;
    read_into(shift, fields.optional("shift"), 0, MarkLayout::max_shift);
    config.mark = MarkLayout(shift);
    fields.finish();
}

void ConfigReader::read_firewall(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`firewall`");
    const yaml::Node* backend = fields.optional("backend");
    if (backend != nullptr && backend->scalar != "auto")
        if (const auto word = read_word(report_, backend, Code::bad_value, "auto, iptables or nft",
                                        words(backend_words)))
            config.backend = static_cast<Backend>(*word);
    read_hooks(fields.optional("hooks"), config);
    fields.finish();
}

void ConfigReader::read_hooks(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    const auto list = elements(node);
    if (list.empty())
        report_.error(Code::bad_value, node->position, "`hooks` names no hook",
                      "leave it out for [forward]");
    config.hooks.clear();
    for (const yaml::Node* element : list)
        if (const auto word = read_word(report_, element, Code::bad_value, "forward or output",
                                        {"forward", "output"})) {
            const auto hook = static_cast<netfilter::Hook>(*word);
            if (std::ranges::find(config.hooks, hook) == config.hooks.end())
                config.hooks.push_back(hook);
        }
}

void ConfigReader::read_flows(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`flows`");
    read_into(config.flow_limit, fields.optional("limit"), 16, max_flows);
    constexpr std::int64_t mebibyte = 1024L * 1024;
    std::int64_t buffers = static_cast<std::int64_t>(config.buffer_limit) / mebibyte;
    read_into(buffers, fields.optional("buffer_mebibytes"), 1, 65536);
    config.buffer_limit = static_cast<std::size_t>(buffers * mebibyte);
    fields.finish();
}

void ConfigReader::read_metrics(const yaml::Node* node, Config& config) {
    if (node == nullptr)
        return;
    Fields fields(report_, *node, "`metrics`");
    const yaml::Node* listen = fields.optional("listen");
    if (listen != nullptr)
        read_listen(*listen, config);
    config.token_file = read_path(fields.optional("token_file"));
    if (listen != nullptr && !config.token_file && !is_loopback(config.metrics_address))
        report_.error(Code::bad_value, listen->position,
                      fmt::format("`{}` can be reached from elsewhere, so readers need a token",
                                  config.metrics_address),
                      "`token_file: FILE` beside it, or loopback behind a proxy that knows its "
                      "readers");
    fields.finish();
}

void ConfigReader::read_listen(const yaml::Node& node, Config& config) {
    const auto text = read_text(report_, &node);
    if (!text)
        return;
    const std::size_t colon = text->rfind(':');
    std::string host = text->substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    const std::string digits = colon == std::string::npos ? "" : text->substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (!parse_address(host) || error != std::errc{} || end != digits.data() + digits.size())
        return report_.error(Code::bad_value, node.position,
                             fmt::format("`{}` is not address:port", *text),
                             R"(examples: "127.0.0.1:9477", "[::1]:9477")");
    constexpr std::uint16_t least_port = 1024;
    if (port < least_port)
        return report_.error(
            Code::bad_value, node.position,
            fmt::format("the port {} is for root alone, whom the daemon is not", port),
            "one from 1024 to 65535");
    config.metrics_address = host;
    config.metrics_port = port;
}

}  // namespace

netfilter::Settings netfilter_settings(const Config& config) {
    return {.first_queue = config.first_queue,
            .queue_count = config.queue_count,
            .bypass = config.on_failure == OnFailure::open,
            .mark = config.mark,
            .hooks = config.hooks};
}

std::string state_folder(const Config& config) {
    if (config.on_failure == OnFailure::closed)
        return "";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    const char* folder = std::getenv("STATE_DIRECTORY");
    return folder == nullptr ? "" : folder;
}

std::expected<Config, std::vector<Finding>> load_config(const std::optional<std::string>& path) {
    std::error_code unread;
    const bool absent = !path && !std::filesystem::exists(installed_config, unread);
    if (unread)
        return std::unexpected(std::vector{
            Finding{.code = Code::unreadable, .file = installed_config, .text = unread.message()}});
    if (absent) {
        Config config;
        config.queue_count = one_per_core();
        return config;
    }
    const auto document = yaml::load(path.value_or(installed_config));
    if (!document)
        return std::unexpected(std::vector{document.error()});
    std::vector<Finding> findings;
    Report report(*document, findings);
    Config config = ConfigReader(report, std::filesystem::path(document->file).parent_path())
                        .read(document->root);
    if (!findings.empty())
        return std::unexpected(std::move(findings));
    return config;
}

std::string base_url(const Config& config) {
    const bool v6 = config.metrics_address.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", config.metrics_address, v6 ? "]" : "",
                       config.metrics_port);
}

}  // namespace octroi
