// Property: any text is a listing: the same text gives the same one, a rule's text, handle and
// counter stand in it, and without a counter no packet met octroi's queues.
#include <string>

#include "daemon/firewall/nft_listing.hpp"
#include "tests/fuzz/property.hpp"

using octroi::NftListing;
using octroi::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const NftListing listing(text);
    require(listing == NftListing(text) && listing.same_chains(listing));

    bool counts = false;
    for (const char* chain : {"gate", "quic", "refused"})
        for (const NftListing::Rule& rule : listing.rules(chain)) {
            require(text.contains(rule.text) && text.contains(rule.handle));
            counts = counts || rule.packets != 0;
        }
    require(counts || listing.packets_to_queue() == 0);
    require(!listing.rules("gate").empty() || !listing.accepted_mark());
    return 0;
}
