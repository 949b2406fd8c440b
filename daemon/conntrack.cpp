#include "daemon/conntrack.hpp"

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "classifiers/handle.hpp"

namespace octroi {
namespace {

using Connection = Handle<nf_conntrack, nfct_destroy>;
using Connections = std::vector<Connection>;
using Filter = Handle<nfct_filter_dump, nfct_filter_dump_destroy>;

struct CloseConntrack {
    void operator()(nfct_handle* handle) const { nfct_close(handle); }
};

using Socket = std::unique_ptr<nfct_handle, CloseConntrack>;

int collect(nf_conntrack_msg_type /*type*/, nf_conntrack* connection, void* found) {
    static_cast<Connections*>(found)->emplace_back(nfct_clone(connection));
    return NFCT_CB_CONTINUE;
}

std::unexpected<std::string> failed(const char* what) {
    return std::unexpected(
        fmt::format("conntrack: can't {}: {}", what, std::generic_category().message(errno)));
}

}  // namespace

std::expected<std::size_t, std::string> retire_generation(const MarkLayout& layout,
                                                          std::uint8_t generation,
                                                          std::uint8_t stale_generation) {
    const Socket socket(nfct_open(CONNTRACK, 0));
    const Filter filter(nfct_filter_dump_create());
    if (!socket || !filter)
        return failed("open its netlink socket");
    const std::uint32_t mark = layout.encode({.generation = generation});
    const nfct_filter_dump_mark wanted = {.val = mark, .mask = layout.generation_mask()};
    nfct_filter_dump_set_attr(filter.get(), NFCT_FILTER_DUMP_MARK, &wanted);
    Connections found;
    nfct_callback_register(socket.get(), NFCT_T_ALL, collect, &found);
    if (nfct_query(socket.get(), NFCT_Q_DUMP_FILTER, filter.get()) < 0)
        return failed("list connections");
    const std::uint32_t stale = layout.encode({.generation = stale_generation});
    for (const Connection& connection : found) {
        const std::uint32_t old = nfct_get_attr_u32(connection.get(), ATTR_MARK);
        nfct_set_attr_u32(connection.get(), ATTR_MARK, (old & ~layout.generation_mask()) | stale);
        // A connection that ended meanwhile (ENOENT) needs no new mark.
        if (nfct_query(socket.get(), NFCT_Q_UPDATE, connection.get()) < 0 && errno != ENOENT)
            return failed("change a mark");
    }
    return found.size();
}

}  // namespace octroi
