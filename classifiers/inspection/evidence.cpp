#include "classifiers/inspection/evidence.hpp"

namespace octroi {

std::string_view to_string(EvidenceKind kind) {
    switch (kind) {
        case EvidenceKind::address:
            return "address";
        case EvidenceKind::port:
            return "port";
        case EvidenceKind::dns:
            return "dns";
        case EvidenceKind::tls_sni:
            return "tls_sni";
        case EvidenceKind::quic_sni:
            return "quic_sni";
        case EvidenceKind::tls_certificate:
            return "tls_certificate";
        case EvidenceKind::http_host:
            return "http_host";
        case EvidenceKind::stun:
            return "stun";
        case EvidenceKind::media:
            return "media";
        case EvidenceKind::ndpi:
            return "ndpi";
    }
    return "";
}

std::string_view to_string(Application application) {
    switch (application) {
        case Application::unknown:
            return "";
        case Application::tls:
            return "TLS";
        case Application::quic:
            return "QUIC";
        case Application::dns:
            return "DNS";
        case Application::http:
            return "HTTP";
        case Application::stun:
            return "STUN";
        case Application::media:
            return "RTP";
    }
    return "";
}

}  // namespace octroi
