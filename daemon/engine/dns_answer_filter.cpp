#include "daemon/engine/dns_answer_filter.hpp"

#include "classifiers/dns/dns_edit.hpp"
#include "daemon/engine/evaluation.hpp"

namespace octroi {
namespace {

FlowRecord record_of_name(const std::string& name, const Packet& answer,
                          const Evaluation& evaluation, const Ruleset& ruleset) {
    FlowRecord record{.time = answer.context.time,
                      .source = answer.destination(),
                      .destination = answer.source(),
                      .protocol = answer.key.protocol(),
                      .packets = 1,
                      .strength = evaluation.identification.strength,
                      .speaks = std::string(to_string(Application::dns)),
                      .server_name = name,
                      .evidence = {{.kind = EvidenceKind::dns, .value = name, .packet = 1}}};
    describe(record, evaluation, ruleset);
    return record;
}

}  // namespace

DnsAnswerFilter::Edit DnsAnswerFilter::edit(const Packet& packet, Bytes ip_packet,
                                            const Ruleset& ruleset) {
    Edit edit;
    if (packet.source().port != dns::port)
        return edit;
    const Policy::Names& names = ruleset.policy->names();
    const auto offset_of = [&](Bytes part) {
        return static_cast<std::size_t>(part.data() - ip_packet.data());
    };
    for (const Bytes message : dns::messages_in(packet)) {
        const auto preamble = dns::read_preamble(message);
        if (!preamble || !preamble->response)
            continue;
        if (rewritten_.empty() || edit.packet.empty())
            rewritten_.assign(ip_packet.begin(), ip_packet.end());
        const auto copy = std::span(rewritten_).subspan(offset_of(message), message.size());
        AnswerFate fate = AnswerFate::unchanged;
        const Evaluation evaluation = evaluate_name(preamble->name, packet, ruleset);
        if (names.refuse && preamble->code == 0 && refuses(evaluation.decision)) {
            dns::refuse_name(copy, *preamble);
            edit.refused = record_of_name(preamble->name, packet, evaluation, ruleset);
            fate = AnswerFate::refused;
        } else if (names.strip_ech && dns::strip_ech(copy, *preamble)) {
            fate = AnswerFate::ech_stripped;
        }
        ++edit.answers[static_cast<std::size_t>(fate)];
        if (fate != AnswerFate::unchanged)
            edit.packet = rewritten_;
    }
    if (!edit.packet.empty()) {
        const std::size_t start = offset_of(packet.segment);
        const std::size_t end = offset_of(packet.payload) + packet.payload.size();
        dns::write_checksum(std::span(rewritten_).subspan(start, end - start), packet);
    }
    return edit;
}

}  // namespace octroi
