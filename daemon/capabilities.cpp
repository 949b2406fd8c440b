#include "daemon/capabilities.hpp"

#include <cap-ng.h>

namespace octroi {

bool may_administer_network() {
    return capng_get_caps_process() == 0 &&
           capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 1;
}

}  // namespace octroi
