#include "classifiers/clear/ndpi.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include <ndpi/ndpi_api.h>

namespace octroi {
namespace {

constexpr std::size_t max_payload = 4000;
constexpr std::size_t slack = 64;  // zeros behind the packet
constexpr std::size_t ip_header = 20;
constexpr std::size_t tcp_header = 20;
constexpr std::size_t udp_header = 8;

// RFC 5737 documentation addresses: no list of any service holds them.
constexpr std::array<std::uint8_t, 4> first_side = {192, 0, 2, 1};
constexpr std::array<std::uint8_t, 4> other_side = {192, 0, 2, 2};

class Writer {
  public:
    explicit Writer(std::vector<std::uint8_t>& bytes) : bytes_(bytes) { bytes_.clear(); }

    void u8(std::size_t value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }

    void u16(std::size_t value) {
        u8(value >> 8U);
        u8(value);
    }

    void u32(std::uint32_t value) {
        u16(value >> 16U);
        u16(value);
    }

    void bytes(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  private:
    std::vector<std::uint8_t>& bytes_;
};

void write_tcp(Writer& writer, const Packet& packet) {
    writer.u32(packet.tcp.sequence);
    writer.u32(0);      // acknowledgement
    writer.u8(0x50);    // header length
    writer.u8(0x18);    // PSH, ACK
    writer.u16(65535);  // window
    writer.u32(0);      // checksum, urgent pointer
}

// RFC 791 3.1, RFC 9293 3.1, RFC 768: the headers that nDPI reads, checksums left out.
void rebuild(std::vector<std::uint8_t>& buffer, const Packet& packet, bool from_first) {
    const bool tcp = packet.key.protocol() == Protocol::tcp;
    const std::size_t length = (tcp ? tcp_header : udp_header) + packet.payload.size();
    Writer writer(buffer);
    writer.u16(0x4500);
    writer.u16(ip_header + length);
    writer.u32(0);  // identification, no fragment
    writer.u8(64);
    writer.u8(static_cast<std::uint8_t>(packet.key.protocol()));
    writer.u16(0);
    writer.bytes(from_first ? first_side : other_side);
    writer.bytes(from_first ? other_side : first_side);
    writer.u16(packet.source().port);
    writer.u16(packet.destination().port);
    if (tcp) {
        write_tcp(writer, packet);
    } else {
        writer.u16(length);
        writer.u16(0);
    }
    writer.bytes(packet.payload);
    buffer.resize(buffer.size() + slack);
}

}  // namespace

Ndpi::Ndpi() : module_(ndpi_init_detection_module(ndpi_no_prefs)) {
    if (!module_)
        throw std::bad_alloc();
    NDPI_PROTOCOL_BITMASK all;
    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(module_.get(), &all);
    ndpi_finalize_initialization(module_.get());
}

Ndpi::FlowState Ndpi::new_flow() {
    const std::size_t size = ndpi_detection_get_sizeof_ndpi_flow_struct();
    void* memory = ndpi_flow_malloc(size);
    if (memory != nullptr)
        std::memset(memory, 0, size);
    return FlowState(static_cast<ndpi_flow_struct*>(memory));
}

std::string Ndpi::release() {
    return ndpi_revision();
}

const std::vector<std::string>& Ndpi::known_names() {
    static const std::vector<std::string> names = [] {
        const Ndpi ndpi;
        std::vector<std::string> found;
        const auto count =
            static_cast<std::uint16_t>(ndpi_get_num_supported_protocols(ndpi.module_.get()));
        for (std::uint16_t protocol = 1; protocol < count; ++protocol)
            if (std::string name = ndpi.name_of(protocol); !name.empty())
                found.push_back(std::move(name));
        return found;
    }();
    return names;
}

Ndpi::Guess Ndpi::feed(ndpi_flow_struct& flow, const Packet& packet, bool from_first) {
    if (packet.payload.size() > max_payload)
        return {};
    rebuild(buffer_, packet, from_first);
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  packet.context.time.time_since_epoch())
                                  .count();
    const ndpi_protocol found = ndpi_detection_process_packet(
        module_.get(), &flow, buffer_.data(), static_cast<std::uint16_t>(buffer_.size() - slack),
        static_cast<std::uint64_t>(milliseconds));
    const bool alone = found.master_protocol == NDPI_PROTOCOL_UNKNOWN;
    const std::uint16_t master = alone ? found.app_protocol : found.master_protocol;
    if (master == NDPI_PROTOCOL_STUN)
        return {.protocol = name_of(master), .application = {}};
    return {.protocol = name_of(master), .application = name_of(found.app_protocol)};
}

std::string Ndpi::name_of(std::uint16_t protocol) const {
    return protocol == NDPI_PROTOCOL_UNKNOWN ? std::string()
                                             : ndpi_get_proto_name(module_.get(), protocol);
}

}  // namespace octroi
