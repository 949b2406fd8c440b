#pragma once

#include "metrics/events/flow_record.hpp"
#include "rules/services/strength.hpp"
#include "tests/unit/wire.hpp"

namespace octroi {

/// A flow to Zoom that a monitored rule would refuse.
inline FlowRecord zoom_record() {
    return {.time = Time(std::chrono::nanoseconds(1'763'800'000'123'456'789)),
            .source = wire::endpoint("10.1.2.3", 50000),
            .destination = wire::endpoint("170.114.52.2", 443),
            .protocol = Protocol::tcp,
            .packets = 4,
            .zone = "ministry",
            .service = "zoom",
            .category = "video-conferencing",
            .strength = Strength::certain,
            .speaks = "TLS",
            .application = "Zoom",
            .server_name = "us05web.zoom.us",
            .evidence = {{.kind = EvidenceKind::address, .value = "170.114.52.2", .packet = 1},
                         {.kind = EvidenceKind::tls_sni, .value = "us05web.zoom.us", .packet = 4}},
            .action = Action::accept,
            .would = Action::reject,
            .rule = "foreign-conferencing",
            .reason = "Visio takes its place",
            .rule_line = 18,
            .decided_at_packet = 1};
}

}  // namespace octroi
