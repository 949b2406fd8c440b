"""The machine: QEMU, without a network. It is gone with the context that made it."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

from agent import Agent
from processes import Process

CHECKOUT = Path(__file__).resolve().parents[3]
# How long a boot may take. TCG emulates every instruction, perhaps beside other work.
BOOT_SECONDS = {"kvm": 120, "tcg": 900}
# Without AVX, which TCG emulates slowly, and with AES, which it does quickly.
MODEL = {"kvm": "host", "tcg": "Westmere"}


def booted(image, artifacts):
    """A machine that has started everything, to be entered: by KVM where that can boot it, else by TCG."""
    named = os.environ.get("OCTROI_VM_ACCEL")
    if named or not has_kvm():
        return Machine(image, artifacts, named or "tcg")
    try:
        return Machine(image, artifacts, "kvm")
    except (TimeoutError, RuntimeError) as error:
        print(f"KVM can't boot it ({error}); by TCG then", flush=True)
        return Machine(image, artifacts, "tcg")


def has_kvm():
    """Whether KVM rests on the processor's virtualisation: KVM by page tables (kvm-pvm) boots no kernel of Debian's."""
    return os.access("/dev/kvm", os.W_OK) and any(Path("/sys/module", name).exists() for name in ("kvm_intel", "kvm_amd"))


class Machine:
    """A disk that forgets, the checkout under /checkout (read-only) and `artifacts` under /artifacts."""

    def __init__(self, image, artifacts, accelerator):
        self.accelerator = accelerator
        self.console = artifacts / f"console-{accelerator}.log"
        self._artifacts = artifacts
        self._image = image
        self._boot = None
        self.console.unlink(missing_ok=True)
        with contextlib.ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="octroi-vm-")))
            self._process = Process(self._command(folder / "agent"), artifacts / "qemu.log")
            cleanup.callback(self._process.stop)
            self._agent = Agent(folder / "agent")
            cleanup.callback(self._agent.close)
            self.boot_seconds = self._wait_for_boot()
            self._cleanup = cleanup.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._cleanup.close()

    def _command(self, agent):
        """Should this Python die without a chance to clean up, the kernel ends the machine."""
        return list(map(str, (
            "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-nic", "none",
            "-display", "none", "-machine", "q35",
            "-accel", self.accelerator, "-cpu", MODEL[self.accelerator], "-smp", 2, "-m", 2048,
            "-kernel", self._image / "vmlinuz", "-initrd", self._image / "initrd.img",
            "-append", "root=/dev/vda rw console=ttyS0 mitigations=off no_timer_check systemd.show_status=yes",
            "-drive", f"file={self._image / 'root.ext4'},format=raw,if=virtio,snapshot=on",
            "-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
            "-serial", f"file:{self.console}",
            "-virtfs", f"local,path={CHECKOUT},mount_tag=checkout,security_model=none,readonly=on,multidevs=remap",
            "-virtfs", f"local,path={self._artifacts},mount_tag=artifacts,security_model=none",
            "-device", "virtio-serial", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0")))

    def run(self, *argv, seconds=60):
        """A command in the machine, as root, from the root of the file system."""
        return self._agent.run(*argv, seconds=seconds)

    def read(self, *argv, seconds=60):
        """What a command in the machine says that has to succeed."""
        done = self.run(*argv, seconds=seconds)
        if done.exit_code != 0:
            raise RuntimeError(f"{argv} gave {done.exit_code}: {done.output}")
        return done.output.strip()

    def reboot(self):
        """An orderly one, and waits until everything is started."""
        with contextlib.suppress(OSError):
            self.run("systemctl", "--no-block", "reboot")
        self._wait_for_boot()

    def _wait_for_boot(self):
        """Gives the seconds until everything was started, or had failed."""
        begin, before, allowed = time.monotonic(), self._boot, BOOT_SECONDS[self.accelerator]
        while self._boot == before:
            if time.monotonic() - begin > allowed:
                raise TimeoutError(f"not rebooted within {allowed} s")
            self._agent.connect(self._still_runs, allowed)
            with contextlib.suppress(OSError):
                self._boot = self.read("cat", "/proc/sys/kernel/random/boot_id")
        self.run("systemctl", "is-system-running", "--wait", seconds=allowed)
        return time.monotonic() - begin

    def _still_runs(self):
        if not self._process.running:
            raise RuntimeError(f"QEMU has ended: {self._process.said()}")
        if "Kernel panic" in self.said():
            raise RuntimeError("the kernel panicked")

    def said(self):
        """The console so far."""
        return self.console.read_text(errors="replace") if self.console.exists() else ""
