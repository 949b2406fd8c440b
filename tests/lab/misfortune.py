"""A daemon whose clock can be set and whose calls can be made to fail while it runs (misfortune.c, preloaded)."""

import ctypes
import mmap
from pathlib import Path

from namespaces import run

SOURCE = Path(__file__).with_name("misfortune.c")
CALLS = ("worker memory", "accounting memory", "event memory", "sink memory", "http memory", "receive", "send")


class Layout(ctypes.Structure):
    """struct Misfortune of misfortune.c."""

    _fields_ = [("clock_offset", ctypes.c_long), *[(of, ctypes.c_ulong * len(CALLS))
                                                   for of in ("every", "calls", "failed")]]


class Misfortune:
    """What befalls the program that is started through `command`. Its children are spared."""

    def __init__(self, folder):
        library, told = folder / "misfortune.so", folder / "misfortune"
        run("cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE)
        told.write_bytes(bytes(ctypes.sizeof(Layout)))
        with open(told, "r+b") as file:
            self._told = Layout.from_buffer(mmap.mmap(file.fileno(), 0))
        self.command = ("env", f"LD_PRELOAD={library}", f"MISFORTUNE={told}")

    def shift_clock(self, seconds):
        """From now on the program's wall clock is ahead of the machine's by so much."""
        self._told.clock_offset = seconds

    def fail(self, call, every):
        """From now on each `every`-th such call fails; none where it is 0."""
        self._told.every[CALLS.index(call)] = every

    def failed(self, call):
        """How many such calls have failed."""
        return self._told.failed[CALLS.index(call)]
