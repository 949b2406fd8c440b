#include "daemon/confinement/landlock.hpp"

#include <cerrno>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "tests/unit/child.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace octroi;

namespace {

enum Outcome : int { allowed = 0, denied = EACCES, absent = 200 };

// Opens `path` in a child that is left with `access`.
int open_under(const FileAccess& access, const std::string& path, int flags) {
    const int status = test::status_of_child([&]() -> int {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const auto version = restrict_files(access);
        if (!version)
            return 1;
        if (*version == 0)
            return absent;
        return open(path.c_str(), flags, 0600) >= 0 ? 0 : errno;
    });
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Files {
  public:
    Files() {
        std::filesystem::create_directory(folder_.path("inside"));
        std::filesystem::create_directory(folder_.path("outside"));
        for (const char* file : {"inside/file", "outside/file"})
            static_cast<void>(folder_.write(file, "x"));
    }

    [[nodiscard]] std::string path(std::string_view name) const { return folder_.path(name); }

    // Kernels without Landlock restrict nothing, and have nothing to show.
    [[nodiscard]] bool no_landlock() const {
        return open_under({.execute = {}, .read = {path("inside")}, .write = {}},
                          path("inside/file"), O_RDONLY) == absent;
    }

  private:
    TemporaryFolder folder_;
};

}  // namespace

TEST_SUITE("landlock") {
    TEST_CASE("what is named can be read and not written, what is not named neither") {
        const Files files;
        if (files.no_landlock())
            return;
        const FileAccess access{.execute = {}, .read = {files.path("inside")}, .write = {}};
        CHECK(open_under(access, files.path("inside/file"), O_RDONLY) == allowed);
        CHECK(open_under(access, files.path("inside/file"), O_WRONLY) == denied);
        CHECK(open_under(access, files.path("inside/new"), O_WRONLY | O_CREAT) == denied);
        CHECK(open_under(access, files.path("outside/file"), O_RDONLY) == denied);
    }

    TEST_CASE("where events are written nothing can be read") {
        const Files files;
        if (files.no_landlock())
            return;
        const FileAccess access{.execute = {}, .read = {}, .write = {files.path("inside")}};
        CHECK(open_under(access, files.path("inside/new"), O_WRONLY | O_CREAT | O_APPEND) ==
              allowed);
        CHECK(open_under(access, files.path("inside/file"), O_RDONLY) == denied);
        CHECK(open_under(access, files.path("inside"), O_RDONLY | O_DIRECTORY) == allowed);
        CHECK(open_under(access, files.path("outside/new"), O_WRONLY | O_CREAT) == denied);
    }

    TEST_CASE("a single file can be named, and what does not exist is passed over") {
        const Files files;
        if (files.no_landlock())
            return;
        const FileAccess access{.execute = {},
                                .read = {files.path("absent"), files.path("inside/file")},
                                .write = {files.path("outside/file")}};
        CHECK(open_under(access, files.path("inside/file"), O_RDONLY) == allowed);
        CHECK(open_under(access, files.path("outside/file"), O_WRONLY | O_TRUNC) == allowed);
        CHECK(open_under(access, files.path("inside"), O_RDONLY | O_DIRECTORY) == denied);
    }
}
