#pragma once

namespace octroi {

/// One function of many, for std::visit.
template <typename... Calls>
struct Overloaded : Calls... {
    using Calls::operator()...;
};

}  // namespace octroi
