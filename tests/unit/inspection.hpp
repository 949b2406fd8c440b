#pragma once

#include "classifiers/inspection/inspector.hpp"
#include "classifiers/inspection/workspace.hpp"
#include "tests/unit/wire.hpp"

namespace octroi {

/// Feeds the packets of one connection to an inspector, as the pipeline does.
class Inspection {
  public:
    explicit Inspection(std::size_t buffer_limit = 1UL << 20U) : workspace_(buffer_limit) {}

    wire::Connection connection;
    PacketContext context;  ///< that packets come with

    void packet(const wire::Buffer& bytes) {
        inspector_.inspect(decode_packet(bytes, context).value(), ++number_, workspace_);
    }

    void handshake() {
        packet(connection.syn());
        packet(connection.syn_ack());
    }

    void from_client(std::size_t offset, Bytes data) {
        packet(connection.from_client(offset, data));
    }

    void from_server(std::size_t offset, Bytes data) {
        packet(connection.from_server(offset, data));
    }

    /// Data behind everything that octroi's own parsers read: what nDPI may still ask for after
    /// they have ended, and not enough to end them.
    void go_on() {
        for (std::size_t i = 0; i < 8; ++i)
            from_client(TcpStream::capacity + i, wire::text("x"));
    }

    /// More of the client's data, until nDPI has seen as much of an unknown flow as it gets.
    void keep_talking() {
        for (std::size_t i = 0; i < 8; ++i)
            from_client(1000 + 10 * i, wire::text("0123456789"));
    }

    [[nodiscard]] const Inspector& inspector() const { return inspector_; }

    [[nodiscard]] const Findings& findings() const { return inspector_.findings(); }

    [[nodiscard]] std::size_t budget_used() const { return workspace_.budget.used(); }

    [[nodiscard]] Direction client_direction() const {
        return connection.client < connection.server ? Direction::low_to_high
                                                     : Direction::high_to_low;
    }

  private:
    Workspace workspace_;  // outlives the inspector's buffers
    Inspector inspector_;
    std::uint32_t number_ = 0;
};

}  // namespace octroi
