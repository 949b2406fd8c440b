#include "classifiers/tls/dtls_handshake.hpp"

#include "classifiers/tls/tls_handshake.hpp"
#include "classifiers/tls/tls_server_flight.hpp"

namespace octroi::dtls {
namespace {

constexpr std::uint8_t certificate = 11;
constexpr std::size_t longest_message = 16UL << 10U;

}  // namespace

// Steps into the next record that has a handshake in clear.
bool Handshake::open_record() {
    while (records_.ok() && !records_.empty()) {
        const std::uint8_t type = records_.u8();
        const std::uint8_t major = records_.u8();
        const std::uint8_t minor = records_.u8();
        const std::uint16_t epoch = records_.u16();
        records_.bytes(6);
        const ByteReader record = records_.nested(records_.u16());
        // RFC 6347 4.1: the ones' complement of 1.0 and 1.2.
        if (!records_.ok() || major != 0xfe || (minor != 0xff && minor != 0xfd))
            return false;
        if (type != tls::content_type_handshake || epoch != 0 || record.empty())
            continue;
        record_ = record;
        return true;
    }
    return false;
}

std::optional<Fragment> Handshake::next() {
    if (record_.empty() && !open_record())
        return std::nullopt;
    Fragment fragment;
    fragment.type = record_.u8();
    fragment.length = record_.u24();
    fragment.message = record_.u16();
    fragment.offset = record_.u24();
    fragment.octets = record_.bytes(record_.u24());
    if (!record_.ok() || fragment.offset + fragment.octets.size() > fragment.length) {
        records_ = record_ = ByteReader(Bytes());
        return std::nullopt;
    }
    return fragment;
}

std::optional<Bytes> CertificateReader::feed(Bytes datagram, MemoryBudget& budget) {
    Handshake handshake(datagram);
    while (const auto fragment = handshake.next())
        if (fragment->type == certificate && take(*fragment, budget))
            return tls::first_certificate(ByteReader(message_));
    return std::nullopt;
}

// Of two pieces for one place the first counts. True where the message is whole, once.
bool CertificateReader::take(const Fragment& fragment, MemoryBudget& budget) {
    if (!number_) {
        if (fragment.length == 0 || fragment.length > longest_message ||
            !reservation_.grow(budget, fragment.length + fragment.length / 8))
            return false;
        number_ = fragment.message;
        message_.resize(fragment.length);
        known_.resize(fragment.length);
        missing_ = fragment.length;
    }
    if (fragment.message != *number_ || fragment.length != message_.size() || missing_ == 0)
        return false;
    for (std::size_t i = 0; i < fragment.octets.size(); ++i) {
        const std::size_t place = fragment.offset + i;
        if (known_[place])
            continue;
        known_[place] = true;
        message_[place] = fragment.octets[i];
        --missing_;
    }
    return missing_ == 0;
}

}  // namespace octroi::dtls
