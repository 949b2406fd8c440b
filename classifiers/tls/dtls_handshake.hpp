#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "classifiers/base/byte_reader.hpp"
#include "classifiers/net/memory_budget.hpp"

namespace octroi::dtls {

/// A piece of a handshake message (RFC 6347 4.2.2). `octets` borrow.
struct Fragment {
    std::uint8_t type = 0;      ///< of the message (RFC 5246 7.4)
    std::uint16_t message = 0;  ///< its sequence number
    std::size_t length = 0;     ///< octets of the whole message
    std::size_t offset = 0;     ///< of this piece in it
    Bytes octets;
};

/// The handshake in clear that a datagram carries, in the order of the datagram: the records of
/// epoch 0 of DTLS 1.0 to 1.3 (RFC 6347 4.1, RFC 9147 4).
class Handshake {
  public:
    explicit Handshake(Bytes datagram) : records_(datagram) {}

    /// The next piece; nothing at the end, or where the octets are no DTLS.
    [[nodiscard]] std::optional<Fragment> next();

  private:
    [[nodiscard]] bool open_record();

    ByteReader records_;
    ByteReader record_{Bytes()};
};

/// Puts the first certificate together that one side of a connection shows (RFC 5246 7.4.2); under
/// DTLS 1.3 it shows none. Bounded to 16 KiB.
class CertificateReader {
  public:
    /// Takes a datagram of that side. The certificate (DER) with the datagram that makes it whole:
    /// it borrows from this.
    [[nodiscard]] std::optional<Bytes> feed(Bytes datagram, MemoryBudget& budget);

  private:
    [[nodiscard]] bool take(const Fragment& fragment, MemoryBudget& budget);

    MemoryBudget::Reservation reservation_;
    std::vector<std::uint8_t> message_;
    std::vector<bool> known_;  ///< by octet of the message
    std::size_t missing_ = 0;
    std::optional<std::uint16_t> number_;  ///< of the message
};

}  // namespace octroi::dtls
