#pragma once

#include "classifiers/base/byte_reader.hpp"

namespace octroi::fuzz {

/// Ends the run where a property does not hold: the fuzzer keeps the input.
inline void require(bool holds) {
    if (!holds)
        __builtin_trap();
}

/// Whether `view` is empty or lies inside `input`.
inline bool inside(Bytes view, Bytes input) {
    return view.empty() || (view.data() >= input.data() &&
                            view.data() + view.size() <= input.data() + input.size());
}

}  // namespace octroi::fuzz
