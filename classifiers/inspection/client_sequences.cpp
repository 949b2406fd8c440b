#include "classifiers/inspection/client_sequences.hpp"

#include <algorithm>

namespace octroi {

void UrgentOctets::remove_from(std::vector<std::uint8_t>& octets, std::uint32_t first) const {
    std::vector<std::uint32_t> offsets;
    for (std::size_t i = 0; i < size_; ++i)
        offsets.push_back(places_[i] - first);
    std::ranges::sort(offsets, std::greater());
    const auto repeated = std::ranges::unique(offsets);
    offsets.erase(repeated.begin(), repeated.end());
    for (const std::uint32_t offset : offsets)
        if (offset < octets.size())
            octets.erase(octets.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace octroi
