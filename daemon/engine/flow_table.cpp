#include "daemon/engine/flow_table.hpp"

#include "classifiers/inspection/workspace.hpp"

namespace octroi {
namespace {

// How many silent flows one packet may clear away: bounded work, and more than one packet can add.
constexpr int forget_per_packet = 2;

// Most flows of a table are decided ones that linger: this is what a gateway's memory goes to.
static_assert(sizeof(Flow) <= 184);

}  // namespace

bool turns_back(const Packet& packet) {
    return packet.context.input_interface != 0 &&
           packet.context.input_interface == packet.context.output_interface;
}

void Flow::settle() {
    settled_connection_ = connection();
    settled_as_dns_ = speaks_dns();
    inspector.reset();
}

bool Flow::speaks_dns() const {
    return settled() ? settled_as_dns_ : inspector->findings().application == Application::dns;
}

quic::Identity Flow::connection() const {
    return settled() ? settled_connection_ : inspector->connection();
}

// A flat_hash_set that finds no memory to grow is broken. This one never grows: with a quarter of
// room beside the flows it clears away what was erased in place.
FlowTable::FlowTable(const Settings& settings)
    : settings_(settings),
      index_(settings.limit + settings.limit / 4, KeyHash{&flows_}, KeyEqual{&flows_}) {}

void FlowTable::claim() {
    while (flows_.size() < settings_.limit) {
        flows_.emplace_back().newer = free_;
        free_ = static_cast<std::uint32_t>(flows_.size() - 1);
    }
}

Flow* FlowTable::superseded(const Packet& packet, std::uint8_t generation, Workspace& workspace) {
    const bool datagram = packet.key.protocol() == Protocol::udp;
    if (!datagram && (!packet.tcp.syn || packet.tcp.ack))
        return nullptr;
    const auto found = index_.find(packet.key);
    if (found == index_.end())
        return nullptr;
    Flow& flow = flows_[*found];
    if (!flow.verdict)
        return nullptr;
    const bool outdated = flow.verdict->mark.generation != generation;
    const bool over = datagram ? quic::Hello::begins_another(quic::peers_of(packet), packet.payload,
                                                             flow.connection(), workspace.quic) ||
                                     (flow.speaks_dns() && outdated)
                               : !flow.opened || flow.decided_at != 1 ||
                                     packet.tcp.sequence != flow.first_sequence;
    return over ? &flow : nullptr;
}

const Flow* FlowTable::find(const Packet& packet) const {
    const auto found = index_.find(packet.key);
    return found == index_.end() ? nullptr : &flows_[*found];
}

Flow* FlowTable::known(const Packet& packet) {
    const auto found = index_.find(packet.key);
    if (found == index_.end())
        return nullptr;
    unlink(*found);
    link_newest(*found);
    return &flows_[*found];
}

Flow* FlowTable::track(const Packet& packet) {
    const Time now = packet.context.time;
    forget_idle(now);
    Flow* flow = known(packet);
    if (flow == nullptr) {
        if (!make_room(now))
            return nullptr;
        auto inspector = std::make_unique<Inspector>();
        const std::uint32_t slot = take_slot();
        flow = &flows_[slot];
        flow->key = packet.key;
        flow->inspector = std::move(inspector);
        index_.insert(slot);
        link_newest(slot);
        flow->first = packet.direction;
        flow->turned_back = turns_back(packet);
        if (!flow->turned_back)
            flow->inside = packet.context.input_interface;
        flow->first_seen = now;
        flow->first_sequence = packet.tcp.sequence;
        flow->opened = packet.tcp.syn && !packet.tcp.ack;
    }
    flow->replied = flow->replied || packet.direction != flow->first;
    flow->last_seen = now;
    flow->newest = packet.context;
    flow->newest_direction = packet.direction;
    ++flow->packets;
    return flow;
}

bool FlowTable::make_room(Time now) {
    return index_.size() < settings_.limit || yield_oldest(now);
}

bool FlowTable::yield_oldest(Time now) {
    if (oldest_ == Flow::nil || now - flows_[oldest_].last_seen < settings_.yield_after)
        return false;
    forget_oldest();
    ++forgotten_.yielded;
    return true;
}

void FlowTable::forget_idle(Time now) {
    for (int i = 0; i < forget_per_packet; ++i) {
        if (oldest_ == Flow::nil || now - flows_[oldest_].last_seen < settings_.idle_timeout)
            return;
        forget_oldest();
        ++forgotten_.idle;
    }
}

void FlowTable::forget_oldest() {
    if (!flows_[oldest_].verdict)
        ++forgotten_.undecided;
    forget(flows_[oldest_]);
}

void FlowTable::forget(const Flow& flow) {
    const auto found = index_.find(flow.key);
    const std::uint32_t slot = *found;
    unlink(slot);
    index_.erase(found);
    flows_[slot] = Flow{};
    flows_[slot].newer = free_;
    free_ = slot;
}

std::uint32_t FlowTable::take_slot() {
    if (free_ == Flow::nil) {
        flows_.emplace_back();
        return static_cast<std::uint32_t>(flows_.size() - 1);
    }
    const std::uint32_t slot = free_;
    free_ = flows_[slot].newer;
    flows_[slot].newer = Flow::nil;
    return slot;
}

void FlowTable::link_newest(std::uint32_t slot) {
    flows_[slot].older = newest_;
    flows_[slot].newer = Flow::nil;
    (newest_ == Flow::nil ? oldest_ : flows_[newest_].newer) = slot;
    newest_ = slot;
}

void FlowTable::unlink(std::uint32_t slot) {
    const Flow& flow = flows_[slot];
    (flow.older == Flow::nil ? oldest_ : flows_[flow.older].newer) = flow.newer;
    (flow.newer == Flow::nil ? newest_ : flows_[flow.newer].older) = flow.older;
}

}  // namespace octroi
