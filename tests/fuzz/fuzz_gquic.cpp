// Property: any datagram holds a name or none; a name lies inside the datagram behind the message's
// tag, what follows it changes nothing, and a datagram that is cut inside the name holds none.
#include <algorithm>

#include "classifiers/quic/gquic.hpp"
#include "tests/fuzz/property.hpp"

using octroi::Bytes;
using octroi::fuzz::inside;
using octroi::fuzz::require;
using octroi::gquic::server_name;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes datagram(data, size);
    const auto name = server_name(datagram);
    if (!name)
        return 0;
    require(inside(*name, datagram));
    if (name->empty())
        return 0;
    const auto end = static_cast<std::size_t>(name->data() + name->size() - data);
    const auto cut = server_name(datagram.first(end));
    require(cut && cut->data() == name->data() && cut->size() == name->size());
    require(!server_name(datagram.first(end - 1)));
    return 0;
}
