#pragma once

namespace octroi {

/// Whether this process has CAP_NET_ADMIN in force (capabilities(7)): queues and rules need it.
[[nodiscard]] bool may_administer_network();

}  // namespace octroi
