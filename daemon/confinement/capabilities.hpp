#pragma once

#include <expected>
#include <string>

namespace octroi {

/// Whether this process has CAP_NET_ADMIN in force (capabilities(7)): queues and rules need it.
[[nodiscard]] bool may_administer_network();

/// Gives up every other capability for good, for this process and the programs that it runs: they
/// are left CAP_NET_ADMIN, as whatever user, and can gain nothing (no_new_privs). To be called
/// before there is another thread. The error is what to tell the administrator.
[[nodiscard]] std::expected<void, std::string> keep_network_administration_only();

}  // namespace octroi
