#!/usr/bin/python3
"""unit_filter.py UNIT PROGRAM [ARGUMENT...]: runs a program under the system calls that a unit's
SystemCallFilter= allows (systemd.exec(5)), as systemd would, in its place."""

import ctypes
import os
import subprocess
import sys

KILL_PROCESS, ALLOW, UNKNOWN = 0x80000000, 0x7FFF0000, -1


def allowed_by(unit):
    """The names of the system calls, in the order in which the unit's lines add and remove them."""
    names = set()
    for line in unit.splitlines():
        if line.startswith("SystemCallFilter="):
            value = line.partition("=")[2]
            given = set().union(*(members(word) for word in value.removeprefix("~").split()))
            names = names - given if value.startswith("~") else names | given
    return names


def members(word):
    """The system calls of a set, and of the sets in it; a call stands for itself."""
    if not word.startswith("@"):
        return {word}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True,
                            check=True).stdout.split("\n")
    inside = {line.strip() for line in listed if line.startswith("    ") and not line.strip().startswith("#")}
    return set().union(*map(members, inside))


def apply(names):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(KILL_PROCESS)))
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != UNKNOWN:
            library.seccomp_rule_add(filter_, ctypes.c_uint32(ALLOW), number, 0)
    if library.seccomp_load(filter_) != 0:
        raise OSError("seccomp_load")


def main():
    with open(sys.argv[1], encoding="utf-8") as unit:
        names = allowed_by(unit.read())
    apply(names | {"execve"})
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
