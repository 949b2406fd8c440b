#include "classifiers/inspection/findings.hpp"

#include <algorithm>
#include <utility>

#include "classifiers/net/domain.hpp"
#include "classifiers/tls/certificate.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_alpn = 32;

}  // namespace

void Findings::accept_hello(const tls::ClientHello& hello, tls::Carrier carrier) {
    const Bytes protocol = hello.alpn.first(std::min(hello.alpn.size(), max_alpn));
    alpn.assign(protocol.begin(), protocol.end());
    encrypted_client_hello = hello.encrypted_client_hello;
    ja4 = tls::ja4(hello, carrier);
}

void Findings::accept_name(Bytes name, EvidenceKind kind, std::uint32_t packet,
                           ParserError otherwise) {
    const auto domain = Domain::requested(name);
    if (!domain) {
        error = otherwise;
        return give_up(Unreadable::bad_name);
    }
    server_name = domain->text();
    name_kind = kind;
    add_evidence(kind, domain->text(), packet);
    end(Ending::named);
}

void Findings::accept_certificate(Bytes der, std::uint32_t packet) {
    if (auto names = octroi::certificate_names(der))
        certificate_names = std::move(*names);
    else
        error = ParserError::certificate_malformed;
    for (const std::string& name : certificate_names)
        add_evidence(EvidenceKind::tls_certificate, name, packet);
    end(Ending::nothing_more);
}

void Findings::add_evidence(EvidenceKind kind, std::string value, std::uint32_t packet) {
    evidence.push_back({.kind = kind, .value = std::move(value), .packet = packet});
}

}  // namespace octroi
