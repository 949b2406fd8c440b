#include "daemon/confinement/capabilities.hpp"

#include <cerrno>
#include <system_error>

#include <cap-ng.h>
#include <fmt/format.h>
#include <sys/prctl.h>

namespace octroi {
namespace {

// The kernel's return value is an int, and so are CAPNG_*'s combinations.
capng_type_t in_force_and_inherited() {
    return static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE);
}

// A service manager may have given this process nothing else, and forbidden capset(2).
bool has_nothing_else() {
    for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability)
        for (const capng_type_t set : {CAPNG_PERMITTED, CAPNG_INHERITABLE})
            if ((capng_have_capability(set, capability) == 1) != (capability == CAP_NET_ADMIN))
                return false;
    return capng_have_capability(CAPNG_AMBIENT, CAP_NET_ADMIN) == 1;
}

}  // namespace

bool may_administer_network() {
    return capng_get_caps_process() == 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 1;
}

std::expected<void, std::string> keep_network_administration_only() {
    const auto failed = [](const char* what) {
        return std::unexpected(
            fmt::format("can't {}: {}", what, std::generic_category().message(errno)));
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed("set no_new_privs");
    if (capng_get_caps_process() != 0)
        return failed("read the capabilities");
    if (has_nothing_else())
        return {};
    // Only who has CAP_SETPCAP can narrow the bounding set. Nobody else needs to: under
    // no_new_privs nothing in it can be gained, unless by root, who has CAP_SETPCAP.
    const bool bounded = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
    capng_clear(CAPNG_SELECT_ALL);
    if (capng_update(CAPNG_ADD, in_force_and_inherited(), CAP_NET_ADMIN) != 0 ||
        capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, CAP_NET_ADMIN) != 0)
        return failed("choose the capabilities to keep");
    if (bounded && capng_apply(CAPNG_SELECT_BOUNDS) != 0)
        return failed("narrow the capability bounding set");
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return failed("give up capabilities");
    // iptables, run by another user than root, inherits it this way alone.
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) != 0)
        return failed("hand CAP_NET_ADMIN on to iptables");
    return {};
}

}  // namespace octroi
