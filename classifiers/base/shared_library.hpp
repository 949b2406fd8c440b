#pragma once

#include <expected>
#include <string>

namespace octroi {

/// A library that only some commands need, loaded when they do: the daemon, which has privileges,
/// never maps it. Stays loaded until the process ends.
class SharedLibrary {
  public:
    /// Loads `soname`, as "libpcap.so.0.8". The error says why not, and which package has it.
    [[nodiscard]] static std::expected<SharedLibrary, std::string> open(const char* soname,
                                                                        const char* package);

    /// Sets `function` to the library's function `name`; notes the first one that is not there.
    template <typename Function>
    void find(Function*& function, const char* name) {
        // dlsym(3) is made for this cast.
        function = reinterpret_cast<Function*>(symbol(name));  // NOLINT(*-reinterpret-cast)
    }

    /// The first function that was not found; empty: all are there.
    [[nodiscard]] const std::string& missing() const { return missing_; }

  private:
    explicit SharedLibrary(void* library) : library_(library) {}

    [[nodiscard]] void* symbol(const char* name);

    void* library_;
    std::string missing_;
};

}  // namespace octroi
