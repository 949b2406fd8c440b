// Property: any datagrams are DTLS or not, their pieces lie inside, a certificate is whole once,
// and nothing is held beyond the budget.
#include <algorithm>
#include <cstdint>

#include "classifiers/tls/dtls_handshake.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::MemoryBudget;
using octroi::fuzz::inside;
using octroi::fuzz::require;
namespace dtls = octroi::dtls;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemoryBudget budget(12UL << 10U);
    {
        dtls::CertificateReader reader;
        Bytes rest(data, size);
        unsigned certificates = 0;
        while (!rest.empty()) {
            // An octet says how long the datagram is, in eights.
            const std::size_t length = std::min<std::size_t>(rest.size() - 1, rest.front() * 8UL);
            const Bytes datagram = rest.subspan(1, length);
            rest = rest.subspan(1 + length);
            dtls::Handshake handshake(datagram);
            while (const auto fragment = handshake.next()) {
                require(inside(fragment->octets, datagram));
                require(fragment->offset + fragment->octets.size() <= fragment->length);
            }
            if (reader.feed(datagram, budget))
                ++certificates;
            require(budget.used() <= budget.limit());
        }
        require(certificates <= 1);
    }
    require(budget.used() == 0);
    return 0;
}
