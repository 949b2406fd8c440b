#include "classifiers/findings.hpp"

#include "classifiers/domain.hpp"

namespace octroi {

void Findings::accept_name(Bytes name, EvidenceKind kind, std::uint32_t packet,
                           ParserError otherwise) {
    const auto domain = Domain::parse(name);
    if (!domain) {
        error = otherwise;
        return end(Ending::nothing_more);
    }
    server_name = domain->text();
    name_kind = kind;
    add_evidence(kind, domain->text(), packet);
    end(Ending::named);
}

void Findings::add_evidence(EvidenceKind kind, std::string value, std::uint32_t packet) {
    evidence.push_back({.kind = kind, .value = std::move(value), .packet = packet});
}

}  // namespace octroi
