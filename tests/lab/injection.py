"""Makes a thread of a running program call the kernel, as one would that an attacker has taken over
(ptrace(2), x86-64 only)."""

import ctypes
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
GET_REGISTERS, SET_REGISTERS, ATTACH, DETACH = 12, 13, 16, 17
WAIT_FOR_THREADS = 0x40000000  # __WALL

# struct user_regs_struct: the places of those that a call needs.
REGISTERS = 27
R10, R9, R8, RAX, RDX, RSI, RDI, ORIG_RAX, RIP, RSP = 7, 8, 9, 10, 12, 13, 14, 15, 16, 19
ARGUMENTS = (RDI, RSI, RDX, R10, R8, R9)


def ptrace(request, thread, data=0):
    if LIBC.ptrace(request, thread, None, data) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request} of {thread}: {os.strerror(error)}")


def threads(pid):
    """{thread: number of its seccomp filters}, the oldest thread first."""
    found = {}
    for thread in sorted(map(int, os.listdir(f"/proc/{pid}/task"))):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        found[thread] = int(fields["Seccomp_filters"])
    return found


def call(pid, thread, number, *arguments, text=b""):
    """Lets `thread`, which waits in a system call, make call `number` in its place. An argument
    `bytes` stands for a pointer to `text`, which is put where the stack is free."""
    ptrace(ATTACH, thread)
    os.waitpid(thread, WAIT_FOR_THREADS)
    raw = ctypes.create_string_buffer(REGISTERS * 8)
    ptrace(GET_REGISTERS, thread, ctypes.addressof(raw))
    registers = list(struct.unpack(f"{REGISTERS}Q", raw.raw))
    place = registers[RSP] - 4096
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(place)
        memory.write(text + b"\0")
    registers[RIP] -= 2  # back on the instruction `syscall`, which the thread has just made
    registers[RAX] = number
    registers[ORIG_RAX] = 2**64 - 1  # the interrupted call is not begun again
    for register, argument in zip(ARGUMENTS, arguments):
        registers[register] = place if argument is bytes else argument % 2**64
    raw.raw = struct.pack(f"{REGISTERS}Q", *registers)
    ptrace(SET_REGISTERS, thread, ctypes.addressof(raw))
    ptrace(DETACH, thread)
