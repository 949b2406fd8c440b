#include "classifiers/inspection/stun_findings.hpp"

#include "classifiers/net/domain.hpp"

namespace octroi {

void note_stun(const stun::Message& message, bool from_client, std::uint32_t packet,
               Findings& findings) {
    findings.application = Application::stun;
    const auto note = [&](Signature signature, bool seen) {
        const auto bit = static_cast<std::size_t>(signature);
        if (!seen || findings.signatures.test(bit))
            return;
        findings.signatures.set(bit);
        findings.sure_signatures.set(bit);  // each has a cookie, or attributes as long
        findings.add_evidence(EvidenceKind::stun, std::string(to_string(signature)), packet);
    };
    note(Signature::teams_stun, message.microsoft);
    note(Signature::whatsapp_stun, message.whatsapp);
    note(Signature::zoom_stun, message.classic && message.zoom);
    // RFC 8489 3: a Binding has no realm in practice, and anyone may ask anyone's STUN server.
    constexpr std::uint16_t method = 0x3eef;
    constexpr std::uint16_t binding = 0x0001;
    const auto realm = Domain::parse(message.realm);
    if (!realm || (message.type & method) == binding)
        return;
    if (findings.realm == realm->text())
        findings.realm_by_client = findings.realm_by_client && from_client;
    if (!findings.realm.empty())
        return;
    findings.realm = realm->text();
    findings.realm_by_client = from_client;
    findings.add_evidence(EvidenceKind::stun, realm->text(), packet);
}

}  // namespace octroi
