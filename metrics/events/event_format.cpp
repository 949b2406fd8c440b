#include "metrics/events/event_format.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "metrics/events/flow_json.hpp"

namespace octroi {
namespace {

std::string timestamp(Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), micros.count());
}

// The same for both directions and for every event on the flow, until octroi starts anew. Keyed, or
// whoever knows the server could try out every client. 51 bits, as Suricata's: JSON's readers take
// numbers for doubles.
std::uint64_t flow_id(const KeyedHash& key, Protocol protocol, const Endpoint& one,
                      const Endpoint& other) {
    const FlowKey flow(protocol, one, other);
    std::string text(1, static_cast<char>(protocol));
    for (const Endpoint& end : {flow.low(), flow.high()}) {
        text.append(end.address.bytes.begin(), end.address.bytes.end());
        text += static_cast<char>(end.port >> 8U);
        text += static_cast<char>(end.port & 0xffU);
    }
    const KeyedHash::Digest digest = key.of(text);
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < sizeof id; ++i)
        id = id << 8U | digest[i];
    constexpr unsigned spare_bits = 64 - 51;
    return id >> spare_bits;
}

// Who talks to whom, as far as the setting allows it to be told.
class Ends {
  public:
    Ends(Json& json, ClientPrivacy privacy, const Pseudonyms* pseudonyms)
        : json_(json), privacy_(privacy), pseudonyms_(pseudonyms) {}

    void add(const Endpoint& client, const std::string& zone, const Endpoint& server,
             Protocol protocol, bool server_inside) {
        if (privacy_ == ClientPrivacy::full)
            add_endpoint(json_, "src", client);
        if (privacy_ == ClientPrivacy::pseudonym) {
            json_["src_pseudonym"] = pseudonyms_->of(client.address);
            json_["key_epoch"] = pseudonyms_->epoch();
        }
        json_["zone"] = text_or_null(zone);
        if (privacy_ == ClientPrivacy::full || !server_inside)
            add_endpoint(json_, "dest", server);
        else
            add_hidden(server);
        json_["proto"] = protocol_name(protocol);
    }

  private:
    void add_hidden(const Endpoint& server) {
        if (privacy_ == ClientPrivacy::pseudonym)
            json_["dest_pseudonym"] = pseudonyms_->of(server.address);
        json_["dest_port"] = server.port;
    }

    Json& json_;
    ClientPrivacy privacy_;
    const Pseudonyms* pseudonyms_;
};

// Text that is an address shows what hiding the server hides.
FlowRecord without_server(FlowRecord record) {
    if (parse_address(record.server_name))
        record.server_name.clear();
    std::erase_if(record.evidence,
                  [](const Evidence& item) { return parse_address(item.value).has_value(); });
    return record;
}

struct Body {
    Json& json;
    Ends ends;
    ClientPrivacy privacy;
    const KeyedHash& flow_ids;

    void operator()(const FlowRecord& record) {
        // In events the client is the source, whoever sent the first packet.
        const Endpoint& client = record.client();
        const Endpoint& server = record.server();
        json["flow_id"] = flow_id(flow_ids, record.protocol, client, server);
        ends.add(client, record.zone, server, record.protocol, record.server_inside);
        const bool hidden = record.server_inside && privacy != ClientPrivacy::full;
        add_verdict(json, hidden ? without_server(record) : record);
        json["mode"] = record.action == record.would ? "enforce" : "monitor";
        json["reason"] = text_or_null(record.reason);
        json["rule_file"] = text_or_null(record.rule_file);
        json["rule_line"] = record.rule_line;
        json["policy_revision"] = text_or_null(record.policy_revision);
        json["delay_us"] = record.delay.count();
        add_suppressed(record.suppressed);
    }

    void operator()(const FlowEnd& end) {
        json["flow_id"] = flow_id(flow_ids, end.protocol, end.client, end.server);
        ends.add(end.client, end.zone, end.server, end.protocol, end.server_inside);
        json["service"] = text_or_null(end.service);
        json["category"] = text_or_null(end.category);
        json["action"] = to_string(end.action);
        json["policy_revision"] = text_or_null(end.policy_revision);
        Json flow = {{"pkts_toserver", end.to_server.packets},
                     {"pkts_toclient", end.to_client.packets},
                     {"bytes_toserver", end.to_server.bytes},
                     {"bytes_toclient", end.to_client.bytes}};
        if (end.duration) {
            const auto start = std::chrono::duration_cast<Time::duration>(*end.duration);
            flow["start"] = timestamp(end.time - start);
            flow["end"] = timestamp(end.time);
            flow["age"] = std::chrono::duration_cast<std::chrono::seconds>(*end.duration).count();
        }
        json["flow"] = std::move(flow);
    }

    void operator()(const MalformedPacket& packet) {
        json["exception"] = to_string(Exception::malformed);
        json["error"] = packet.error;
        json["action"] = to_string(packet.action);
        json["policy_revision"] = text_or_null(packet.policy_revision);
        add_suppressed(packet.suppressed);
    }

    void operator()(const PolicyEvent& change) {
        constexpr std::array<std::string_view, 4> kinds = {"load", "reload", "refused", "schedule"};
        json["change"] = kinds[static_cast<std::size_t>(change.kind)];
        json["policy_file"] = text_or_null(change.file);
        json["policy_revision"] = text_or_null(change.revision);
        json["generation"] = change.generation;
        json["rules"] = change.rules;
        if (!change.error.empty())
            json["error"] = change.error;
    }

    void operator()(const HealthEvent& change) {
        json["condition"] = change.condition;
        json["state"] = change.holds ? "begin" : "end";
        json["detail"] = text_or_null(change.detail);
    }

    void add_suppressed(std::uint64_t count) {
        if (count > 0)
            json["suppressed"] = count;
    }
};

}  // namespace

EventFormat::EventFormat(Settings settings, std::optional<Pseudonyms> pseudonyms)
    : settings_(std::move(settings)),
      pseudonyms_(std::move(pseudonyms)),
      flow_ids_(KeyedHash::random()) {
    constexpr std::size_t boot_octets = 16;
    boot_ = hex(Bytes(KeyedHash::random().key()).first(boot_octets));
}

std::expected<EventFormat, std::string> EventFormat::open(Settings settings) {
    std::optional<Pseudonyms> pseudonyms;
    if (settings.clients == ClientPrivacy::pseudonym) {
        auto opened = Pseudonyms::open(settings.pseudonyms, std::chrono::system_clock::now());
        if (!opened)
            return std::unexpected(std::move(opened.error()));
        pseudonyms = std::move(*opened);
    }
    return EventFormat(std::move(settings), std::move(pseudonyms));
}

std::string EventFormat::line(const Event& event, std::uint64_t sequence) {
    if (pseudonyms_)
        pseudonyms_->follow(std::chrono::system_clock::now());
    Json json;
    json["timestamp"] = timestamp(std::visit([](const auto& each) { return each.time; }, event));
    json["gateway"] = settings_.gateway;
    json["boot_id"] = boot_;
    json["seq"] = sequence;
    json["event_type"] = event_type_names[static_cast<std::size_t>(type_of(event))];
    const Pseudonyms* pseudonyms = pseudonyms_ ? &*pseudonyms_ : nullptr;
    std::visit(Body{.json = json,
                    .ends = Ends(json, settings_.clients, pseudonyms),
                    .privacy = settings_.clients,
                    .flow_ids = flow_ids_},
               event);
    return line_of(json);
}

}  // namespace octroi
