#include "metrics/events/event.hpp"

namespace octroi {
namespace {

struct TypeOf {
    // An exception that let a flow pass, or that answered for a packet without a flow.
    EventType operator()(const FlowRecord& record) const {
        const bool passed =
            record.action == Action::accept && record.would == Action::accept && !record.log;
        const bool excepted = record.exception && (passed || record.decided_at_packet == 0);
        return excepted ? EventType::exception : EventType::decision;
    }

    EventType operator()(const FlowEnd& /*end*/) const { return EventType::flow; }

    EventType operator()(const MalformedPacket& /*packet*/) const { return EventType::exception; }

    EventType operator()(const PolicyEvent& /*change*/) const { return EventType::policy; }

    EventType operator()(const HealthEvent& /*change*/) const { return EventType::health; }
};

}  // namespace

EventType type_of(const Event& event) {
    return std::visit(TypeOf{}, event);
}

}  // namespace octroi
