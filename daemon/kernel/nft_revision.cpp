#include "daemon/kernel/nft_revision.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "classifiers/base/owned.hpp"

namespace octroi {
namespace {

using Socket = Owned<mnl_socket, mnl_socket_close>;
using Buffer = std::array<char, 8192>;

constexpr std::uint16_t message_type(std::uint16_t message) {
    return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

bool ask(const Socket& socket, Buffer& buffer) {
    nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
    header->nlmsg_type = message_type(NFT_MSG_GETGEN);
    header->nlmsg_flags = NLM_F_REQUEST;
    auto* netfilter = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    netfilter->version = NFNETLINK_V0;
    return mnl_socket_sendto(socket.get(), header, header->nlmsg_len) >= 0;
}

int take_id(const nlattr* attribute, void* found) {
    if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
        mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
        *static_cast<std::optional<std::uint32_t>*>(found) = ntohl(mnl_attr_get_u32(attribute));
    return MNL_CB_OK;
}

}  // namespace

std::expected<std::optional<std::uint32_t>, std::string> nft_revision() {
    const auto failed = [] {
        return std::unexpected(
            fmt::format("can't ask for nf_tables: {}", std::generic_category().message(errno)));
    };
    const Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (!socket && errno == EPROTONOSUPPORT)
        return std::nullopt;
    Buffer buffer{};
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 || !ask(socket, buffer))
        return failed();
    const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size < 0)
        return failed();
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
    std::optional<std::uint32_t> found;
    // Another answer is an error: the kernel knows no such message.
    if (mnl_nlmsg_ok(header, static_cast<int>(size)) &&
        header->nlmsg_type == message_type(NFT_MSG_NEWGEN) &&
        mnl_attr_parse(header, sizeof(nfgenmsg), take_id, &found) < 0)
        return failed();
    return found;
}

}  // namespace octroi
