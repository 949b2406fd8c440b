#include "classifiers/base/shared_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace octroi {

std::expected<SharedLibrary, std::string> SharedLibrary::open(const char* soname,
                                                              const char* package) {
    void* library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr)
        return SharedLibrary(library);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's text is the calling thread's own
    return std::unexpected(fmt::format("{}; the package {} has this library", dlerror(), package));
}

void* SharedLibrary::symbol(const char* name) {
    void* found = dlsym(library_, name);
    if (found == nullptr && missing_.empty())
        missing_ = name;
    return found;
}

}  // namespace octroi
