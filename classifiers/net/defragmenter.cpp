#include "classifiers/net/defragmenter.hpp"

#include <algorithm>

#include "classifiers/net/checksums.hpp"

namespace octroi {
namespace {

constexpr std::size_t max_datagrams = 512;
constexpr std::size_t largest_datagram = 65535;
constexpr std::chrono::seconds patience_v4{30};  // Linux, ipfrag_time
constexpr std::chrono::seconds patience_v6{60};  // Linux, nf_conntrack_frag6_timeout
constexpr std::size_t v6_header = 40;

constexpr unsigned more_fragments = 0x2000;  // IPv4
constexpr unsigned offset_v4 = 0x1fff;
constexpr unsigned offset_v6 = 0xfff8;

void put_u16(std::vector<std::uint8_t>& octets, std::size_t place, std::size_t value) {
    octets[place] = static_cast<std::uint8_t>(value >> 8U);
    octets[place + 1] = static_cast<std::uint8_t>(value);
}

bool is_v4(const std::vector<std::uint8_t>& header) {
    return header.front() >> 4U == 4;
}

// The length and the checksum of the datagram's own header.
void finish_header(std::vector<std::uint8_t>& header, std::size_t length) {
    if (!is_v4(header))
        return put_u16(header, 4, header.size() - v6_header + length);
    put_u16(header, 2, header.size() + length);
    put_u16(header, 10, 0);
    put_u16(header, 10, static_cast<std::uint16_t>(~folded(add_octets(0, header))));
}

Address read_end(ByteReader& reader, bool v4) {
    Address address;
    const std::size_t octets = v4 ? 4 : Address::size;
    if (v4)
        address = v4_address({});
    std::ranges::copy(reader.bytes(octets),
                      address.bytes.end() - static_cast<std::ptrdiff_t>(octets));
    return address;
}

}  // namespace

std::optional<Defragmenter::Fragment> Defragmenter::read(Bytes ip_packet) {
    if (ip_packet.empty())
        return std::nullopt;
    switch (ip_packet.front() >> 4U) {
        case 4:
            return read_v4(ip_packet);
        case 6:
            return read_v6(ip_packet);
        default:
            return std::nullopt;
    }
}

// RFC 791 3.1
std::optional<Defragmenter::Fragment> Defragmenter::read_v4(Bytes ip_packet) {
    ByteReader reader(ip_packet);
    const std::size_t header_length = (reader.u8() & 0x0fU) * std::size_t{4};
    reader.u8();
    const std::size_t total = reader.u16();
    Fragment fragment;
    fragment.key.identification = reader.u16();
    const unsigned place = reader.u16();
    reader.u8();  // time to live
    fragment.key.protocol = reader.u8();
    reader.u16();  // checksum
    fragment.key.source = read_end(reader, true);
    fragment.key.destination = read_end(reader, true);
    if (!reader.ok() || (place & (more_fragments | offset_v4)) == 0 || header_length < 20 ||
        total < header_length || total > ip_packet.size())
        return std::nullopt;
    fragment.last = (place & more_fragments) == 0;
    fragment.begin = (place & offset_v4) * std::size_t{8};
    fragment.data = ip_packet.first(total).subspan(header_length);
    if (!fragment.last)
        fragment.data = fragment.data.first(fragment.data.size() / 8 * 8);
    fragment.end = fragment.begin + fragment.data.size();
    if (fragment.begin == 0) {
        const Bytes header = ip_packet.first(header_length);
        fragment.header.assign(header.begin(), header.end());
        put_u16(fragment.header, 6, 0);
    }
    return fragment;
}

// RFC 8200 4.5. Before the fragment header stand hop-by-hop, routing and destination options, and
// authentication.
std::optional<Defragmenter::Fragment> Defragmenter::read_v6(Bytes ip_packet) {
    constexpr std::size_t max_extension_headers = 8;
    constexpr std::uint8_t fragment_header = 44;
    constexpr std::uint8_t authentication = 51;
    ByteReader reader(ip_packet);
    reader.u32();
    const std::size_t length = reader.u16();
    std::uint8_t type = reader.u8();
    reader.u8();  // hop limit
    Fragment fragment;
    fragment.key.source = read_end(reader, false);
    fragment.key.destination = read_end(reader, false);
    if (!reader.ok() || length == 0 || length > reader.rest().size())
        return std::nullopt;
    ByteReader chain(reader.rest().first(length));
    std::size_t type_place = 6;
    for (std::size_t i = 0; i < max_extension_headers && type != fragment_header; ++i) {
        if (type != 0 && type != 43 && type != 60 && type != authentication)
            return std::nullopt;
        type_place = v6_header + length - chain.rest().size();
        const bool words = type == authentication;
        type = chain.u8();
        const std::size_t units = chain.u8();
        chain.bytes(words ? units * 4 + 6 : units * 8 + 6);
    }
    const std::size_t header_length = v6_header + length - chain.rest().size();
    const std::uint8_t next = chain.u8();
    chain.u8();
    const unsigned place = chain.u16();
    fragment.key.identification = chain.u32();
    // An atomic fragment is a packet (RFC 6946).
    if (!chain.ok() || type != fragment_header || (place & (offset_v6 | 1U)) == 0)
        return std::nullopt;
    fragment.last = (place & 1U) == 0;
    fragment.begin = place & offset_v6;
    fragment.data = chain.rest();
    if (!fragment.last && fragment.data.size() % 8 != 0)
        return std::nullopt;
    fragment.end = fragment.begin + fragment.data.size();
    if (fragment.begin == 0) {
        const Bytes header = ip_packet.first(header_length);
        fragment.header.assign(header.begin(), header.end());
        fragment.header[type_place] = next;
    }
    return fragment;
}

// As inet_frag_queue_insert() of Linux and those who call it (RFC 5722 4 with erratum 3089).
Defragmenter::Fit Defragmenter::Datagram::fit(const Fragment& fragment) {
    const auto [begin, end] = std::pair(fragment.begin, fragment.end);
    const bool misfit =
        fragment.last ? end < length || (last_seen && end != length) : last_seen && end > length;
    if (misfit || begin == end || end > largest_datagram)
        return Fit::broken;
    last_seen |= fragment.last;
    length = std::max(length, end);
    for (const auto& [from, to] : runs)
        if (begin < to && from < end)
            return from <= begin && end <= to ? Fit::duplicate : Fit::broken;
    return Fit::fresh;
}

void Defragmenter::Datagram::add(Fragment fragment) {
    const std::pair run(fragment.begin, fragment.end);
    if (!runs.empty() && runs.back().second == run.first)
        runs.back().second = run.second;
    else
        runs.insert(std::ranges::upper_bound(runs, run), run);
    if (data.size() < run.second)
        data.resize(run.second);
    std::ranges::copy(fragment.data, data.begin() + static_cast<std::ptrdiff_t>(run.first));
    received += fragment.data.size();
    if (run.first == 0)
        header = std::move(fragment.header);
}

void Defragmenter::give_up(Datagrams::iterator datagram) {
    lost_ += datagram->second.fragments;
    waiting_ -= datagram->second.fragments;
    datagrams_.erase(datagram);
}

// The datagram that the fragment belongs to, a new one where there is none.
Defragmenter::Datagrams::iterator Defragmenter::datagram_of(const Fragment& fragment, Time time) {
    const bool v4 = fragment.key.source.is_v4();
    auto found = datagrams_.find(fragment.key);
    if (found != datagrams_.end() &&
        time - found->second.begun > (v4 ? patience_v4 : patience_v6)) {
        give_up(found);
        found = datagrams_.end();
    }
    if (found != datagrams_.end())
        return found;
    if (datagrams_.size() >= max_datagrams)
        give_up(std::ranges::min_element(datagrams_, {},
                                         [](const auto& each) { return each.second.begun; }));
    found = datagrams_.try_emplace(fragment.key).first;
    found->second.begun = time;
    return found;
}

// Nothing where the datagram is larger than any may be.
std::optional<Bytes> Defragmenter::put_together(Datagram& datagram) {
    const std::size_t counted = is_v4(datagram.header) ? 0 : v6_header;
    if (datagram.header.size() - counted + datagram.length > largest_datagram)
        return std::nullopt;
    finish_header(datagram.header, datagram.length);
    whole_.swap(datagram.header);
    whole_.insert(whole_.end(), datagram.data.begin(), datagram.data.end());
    return whole_;
}

std::optional<Bytes> Defragmenter::take(Bytes ip_packet, Time time) {
    auto fragment = read(ip_packet);
    if (!fragment)
        return ip_packet;
    const auto found = datagram_of(*fragment, time);
    Datagram& datagram = found->second;
    ++datagram.fragments;
    ++waiting_;
    const Fit fit = datagram.fit(*fragment);
    if (fit == Fit::fresh)
        datagram.add(std::move(*fragment));
    if (fit == Fit::broken)
        give_up(found);
    if (fit != Fit::fresh || !datagram.complete())
        return std::nullopt;
    const auto whole = put_together(datagram);
    if (!whole)
        lost_ += datagram.fragments;
    waiting_ -= datagram.fragments;
    datagrams_.erase(found);
    return whole;
}

}  // namespace octroi
