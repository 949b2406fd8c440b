#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace octroi::test {

/// What a process gives up it never gets back, so it is tried in a child: gives what waitpid says
/// of it. `act` gives the exit code.
template <typename Act>
int status_of_child(Act act) {
    const pid_t child = fork();
    if (child == 0)
        _exit(act());
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

}  // namespace octroi::test
