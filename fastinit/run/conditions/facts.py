"""What conditions ask the system, each answered once where it cannot change.

Never: changes anything, starts a process.
"""

from __future__ import annotations

import os
import re
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from fastinit.run import virt
from fastinit.units.specifiers import parse_env_file
from fastinit.units.syntax import QuotingError, split_words
from fastinit.units.values import parse_boolean

SYSTEM_UID_MAX = 999
SYSTEMD_VERSION = "257"
READ_MAX = 1 << 20


class Facts:
    """What conditions ask for, looked up when one asks.

    root:    before every path: the tests' own /proc, /sys, /etc.
    environ: the manager's environment, a mapping or a function that returns it.
    facts:   any other name of a method below with the value that it shall return (uid=1000, hostname="a" …).
    """

    def __init__(self, root: str = "", environ: "Mapping[str, str] | Callable[[], Mapping[str, str]] | None" = None,
                 **facts: object) -> None:
        self.root = root
        self._environ = os.environ if environ is None else environ
        self._facts = facts
        self._virtualization: Optional[virt.Virtualization] = None

    def _fact(self, name: str, find: Callable[[], object]) -> object:
        return self._facts[name] if name in self._facts else find()

    # files

    def path(self, path: str) -> str:
        return self.root + path

    def read(self, path: str) -> Optional[str]:
        """The text of a small file, None when there is none to be read."""
        try:
            with open(self.root + path, "rb") as stream:
                return stream.read(READ_MAX).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def link(self, path: str) -> Optional[str]:
        return virt.read_link(self.root + path)

    def stat(self, path: str, follow: bool = True) -> Optional[os.stat_result]:
        try:
            return os.stat(self.root + path, follow_symlinks=follow)
        except (OSError, ValueError):
            return None

    # the system

    def environ(self) -> Mapping[str, str]:
        return self._environ() if callable(self._environ) else self._environ

    def uname(self) -> "os.uname_result":
        return os.uname()

    def machine(self) -> str:
        return str(self._fact("machine", lambda: self.uname().machine))

    def kernel(self) -> str:
        return str(self._fact("kernel", lambda: self.uname().release))

    def hostname(self) -> str:
        return str(self._fact("hostname", lambda: self.uname().nodename))

    def glibc(self) -> str:
        return str(self._fact("glibc", lambda: (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")[2]))

    def machine_id(self) -> str:
        return (self.read("/etc/machine-id") or "").strip()

    def virtualization(self) -> virt.Virtualization:
        if self._virtualization is None:
            self._virtualization = virt.detect(self.read, self.link)
        return self._virtualization

    def command_line(self) -> List[str]:
        """The kernel's; in a container that of PID 1, for the kernel's is the host's."""
        if self.virtualization().container != virt.NONE:
            return [word for word in (self.read("/proc/1/cmdline") or "").split("\0") if word]
        try:
            return split_words(self.read("/proc/cmdline") or "", relax=True, unescape=None)
        except QuotingError:
            return []

    def command_line_boolean(self, key: str) -> Optional[bool]:
        """The last "key" or "key=value" of the command line."""
        found: Optional[bool] = None
        for word in self.command_line():
            name, equals, value = word.partition("=")
            if name.replace("_", "-") == key:
                try:
                    found = parse_boolean(value) if equals else True
                except ValueError:
                    continue
        return found

    def os_release(self) -> Mapping[str, str]:
        text = self.read("/etc/os-release")
        return parse_env_file(text if text is not None else self.read("/usr/lib/os-release") or "")

    def cpus(self) -> int:
        return int(str(self._fact("cpus", lambda: len(os.sched_getaffinity(0)))))

    def memory(self) -> int:
        """Bytes of this machine, or what the control group leaves of them."""
        sizes = [_meminfo(self.read("/proc/meminfo") or "")]
        for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
            text = (self.read(path) or "").strip()
            if text.isdecimal():
                sizes.append(int(text))
        return min(size for size in sizes if size) if any(sizes) else 0

    # the manager itself

    def uids(self) -> Tuple[int, int]:
        found = self._fact("uid", lambda: None)
        return (os.getuid(), os.geteuid()) if found is None else (int(str(found)), int(str(found)))

    def gids(self) -> Sequence[int]:
        found = self._fact("gids", lambda: [os.getgid(), os.getegid(), *os.getgroups()])
        assert isinstance(found, (list, tuple))
        return found

    def bounding_set(self) -> int:
        for line in (self.read("/proc/self/status") or "").splitlines():
            if line.startswith("CapBnd:"):
                return int(line.split()[1], 16)
        return 0


def _meminfo(text: str) -> int:
    match = re.match(r"MemTotal:\s*([0-9]+) kB", text)
    return int(match.group(1)) * 1024 if match else 0


Test = Callable[[str, Facts], bool]
"""(parameter, facts) -> whether it holds. ValueError or OSError: it cannot be said."""
