#include "daemon/config/event_settings.hpp"

#include "metrics/events/journal.hpp"

namespace octroi {
namespace {

class EventSettingsReader {
  public:
    EventSettingsReader(Report& report, const std::filesystem::path& folder)
        : report_(report), folder_(folder) {}

    EventSettings read(const yaml::Node& node) {
        Fields fields(report_, node, "`events`");
        EventSettings settings;
        read_sinks(fields, node, settings);
        read_format(fields, settings.format);
        if (const auto word = read_word(report_, fields.optional("flows"), Code::bad_value,
                                        "none, services or all", {"none", "services", "all"}))
            settings.flows = static_cast<FlowEvents>(*word);
        constexpr std::int64_t longest = 3600;
        read_into(settings.fold, fields.optional("fold_seconds"), 0, longest);
        fields.finish();
        return settings;
    }

  private:
    void read_sinks(Fields& fields, const yaml::Node& node, EventSettings& settings) {
        const yaml::Node* file = fields.optional("file");
        settings.standard_output = file != nullptr && file->scalar == "-";
        if (file != nullptr && !settings.standard_output)
            if (const auto path = read_path(file))
                settings.file = {.path = *path};
        read_rotation(fields, settings);
        settings.journald = read_bool(report_, fields.optional("journald")).value_or(false);
        const yaml::Node* socket = fields.optional("socket");
        settings.socket = read_path(socket);
        if (file == nullptr && socket == nullptr && !settings.journald)
            report_.error(Code::missing_key, node.position, "events have nowhere to go",
                          "give them a `file` (`-` is the standard output), a `socket`, or "
                          "`journald: true`");
    }

    void read_rotation(Fields& fields, EventSettings& settings) {
        FileSink::Settings limits;
        if (const yaml::Node* rotate = fields.optional("rotate")) {
            Fields keys(report_, *rotate, "`rotate`");
            read_octets(limits.rotate_octets, keys.optional("mebibytes"));
            read_into(limits.rotate_age, keys.optional("hours"), 1, 24L * 366);
            keys.finish();
        }
        if (const yaml::Node* keep = fields.optional("keep")) {
            Fields keys(report_, *keep, "`keep`");
            read_octets(limits.keep_octets, keys.optional("mebibytes"));
            read_into(limits.keep_age, keys.optional("days"), 1, 10L * 366);
            keys.finish();
        }
        if (settings.file) {
            limits.path = settings.file->path;
            settings.file = limits;
        }
    }

    void read_octets(std::uint64_t& target, const yaml::Node* node) {
        constexpr unsigned mebibyte = 20;
        constexpr std::int64_t most = 1LL << 30U;
        if (const auto value = read_integer(report_, node, 1, most))
            target = static_cast<std::uint64_t>(*value) << mebibyte;
    }

    template <typename Duration>
    void read_into(Duration& target, const yaml::Node* node, std::int64_t least,
                   std::int64_t most) {
        if (const auto value = read_integer(report_, node, least, most))
            target = Duration(*value);
    }

    void read_format(Fields& fields, EventFormat::Settings& format) {
        if (const auto word = read_word(report_, fields.optional("clients"), Code::bad_value,
                                        "full, pseudonym or zone", {"full", "pseudonym", "zone"}))
            format.clients = static_cast<ClientPrivacy>(*word);
        format.gateway = read_text(report_, fields.optional("gateway")).value_or("");
        format.pseudonyms.key_file = read_path(fields.optional("pseudonym_key")).value_or("");
        format.pseudonyms.secret_file = read_path(fields.optional("pseudonym_secret")).value_or("");
    }

    std::optional<std::string> read_path(const yaml::Node* node) {
        const auto text = read_text(report_, node);
        return text ? std::optional((folder_ / *text).string()) : std::nullopt;
    }

    Report& report_;
    const std::filesystem::path& folder_;
};

}  // namespace

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

EventSettings read_event_settings(Report& report, const yaml::Node& node,
                                  const std::filesystem::path& folder) {
    return EventSettingsReader(report, folder).read(node);
}

std::expected<std::vector<EventLog::Sink>, std::string> open_sinks(const EventSettings& settings) {
    std::vector<EventLog::Sink> sinks;
    if (settings.file) {
        auto file = FileSink::open(*settings.file);
        if (!file)
            return std::unexpected(std::move(file.error()));
        sinks.push_back({.name = "file", .sink = std::move(*file)});
    }
    if (settings.journald)
        sinks.push_back(
            {.name = "journald", .sink = std::make_unique<SocketSink>(connect_to_journal)});
    if (settings.standard_output)
        sinks.push_back({.name = "stdout", .sink = std::make_unique<StdoutSink>()});
    if (settings.socket)
        sinks.push_back(
            {.name = "socket", .sink = std::make_unique<SocketSink>([path = *settings.socket] {
                                   return connect_to(path);
                               })});
    return sinks;
}

}  // namespace octroi
