"""Programs that see a file system of their own in one folder."""

from namespaces import run


def with_small_disk(folder, size):
    """The words before a command that give it a disk of `size` in `folder`, which nobody else sees."""
    return ("unshare", "--mount", "--propagation", "private", "sh", "-ec",
            f'mount -t tmpfs -o size={size} octroi "{folder}" && exec "$@"', "sh")


def mounted(pid, *options, folder):
    """Mounts again what is mounted in `folder` for the process: `mounted(pid, "remount,ro", folder=...)`."""
    run("nsenter", "--target", pid, "--mount", "mount", "-o", *options, folder)


def seen_by(pid, path):
    """The file as the process sees it."""
    return path.__class__(f"/proc/{pid}/root") / path.relative_to("/")
