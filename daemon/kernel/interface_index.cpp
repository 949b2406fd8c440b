#include "daemon/kernel/interface_index.hpp"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "classifiers/base/file_descriptor.hpp"

namespace octroi {

// Not if_nametoindex(3): where it gets no socket it tries other families, for which the filter of
// system calls ends the process.
std::expected<unsigned, std::string> interface_index(const std::string& name) {
    const auto failed = [&] {
        return std::unexpected(fmt::format("can't look up the interface {}: {}", name,
                                           std::generic_category().message(errno)));
    };
    ifreq request{};
    if (name.size() >= sizeof request.ifr_name)
        return 0;
    name.copy(request.ifr_name, name.size());
    const FileDescriptor descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!descriptor.is_open())
        return failed();
    if (ioctl(descriptor.get(), SIOCGIFINDEX, &request) == 0)
        return static_cast<unsigned>(request.ifr_ifindex);
    return errno == ENODEV ? std::expected<unsigned, std::string>(0) : failed();
}

}  // namespace octroi
