"""Walking to a path below a root without being led astray by whoever owns a folder on the way.

In:  a root, absolute paths below it.   Out: O_PATH descriptors, and what stat says of them.
Never: leaves the root, follows a link in the last component unless asked, steps from what an ordinary user owns to what
somebody else owns (systemd calls that an unsafe path transition).
A user who owns /var/lib/x could put a link to /etc there and have root chmod the file behind it; hence every component is
opened by itself with O_NOFOLLOW, links are resolved by hand, and each step compares owners. All later work goes through the
descriptor that was checked, never through the name again.
Source: tmpfiles.d(5); path_resolution(7); open(2), "O_PATH".
"""

from __future__ import annotations

import errno
import os
import stat
from typing import List, NamedTuple, Tuple

LINKS_MAX = 32
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ANY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class UnsafePath(OSError):
    """A step that only an attacker, or a mistake that looks like one, would ask for."""


class Node(NamedTuple):
    """fd: O_PATH descriptor, the caller closes it.   st: its stat."""

    fd: int
    st: os.stat_result


def proc_path(fd: int) -> str:
    """A name for the very object that fd is, for calls that know no AT_EMPTY_PATH."""
    return f"/proc/self/fd/{fd}"


def is_unsafe(before: os.stat_result, after: os.stat_result) -> bool:
    """From root's folder anywhere is fine; from a user's folder only to what the same user owns."""
    return before.st_uid != 0 and before.st_uid != after.st_uid


def _open(name: str, flags: int, dir_fd: int) -> Node:
    fd = os.open(name, flags, dir_fd=dir_fd)
    return Node(fd, os.fstat(fd))


class Walker:
    """Opens paths below one root."""

    def __init__(self, root: str = "") -> None:
        self.root = root or "/"
        self.fd = os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.fd)

    def node(self, path: str, follow: bool = False) -> Node:
        """What is at path. Raises OSError (FileNotFoundError …), UnsafePath.   follow: a link at the end is resolved too."""
        todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        trail: List[Node] = [self._top()]
        links = 0
        try:
            while todo:
                name = todo.pop()
                if name == "..":
                    if len(trail) > 1:
                        os.close(trail.pop().fd)
                    continue
                node = _open(name, _ANY, trail[-1].fd)
                if is_unsafe(trail[-1].st, node.st):
                    os.close(node.fd)
                    raise UnsafePath(errno.ENOLINK, "unsafe path transition", path)
                if stat.S_ISLNK(node.st.st_mode) and (todo or follow):
                    links += 1
                    target = _target(node, links, path)
                    trail = self._restart(trail, node, target, path)
                    todo.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
                    continue
                trail.append(node)
            return trail.pop()
        finally:
            for node in trail:
                os.close(node.fd)

    def _top(self) -> Node:
        fd = os.dup(self.fd)
        os.set_inheritable(fd, False)
        return Node(fd, os.fstat(fd))

    def _restart(self, trail: List[Node], link: Node, target: str, path: str) -> List[Node]:
        """Where a link goes on from: its own folder, or the root when it is absolute."""
        os.close(link.fd)
        if not target.startswith("/"):
            return trail
        if is_unsafe(link.st, trail[0].st):
            raise UnsafePath(errno.ENOLINK, "unsafe path transition", path)
        for node in trail[1:]:
            os.close(node.fd)
        del trail[1:]
        return trail

    def parent(self, path: str, make: bool = False, replace: bool = False) -> Tuple[Node, str]:
        """The folder that holds the last component, links resolved, and that component. Raises as node() does.

        make: missing folders on the way are made.   replace: so are those where something else stands, which is removed.
        """
        folder, _, name = path.rstrip("/").rpartition("/")
        if not name:
            raise OSError(errno.EBUSY, "the root folder has no parent", path)
        node = self._way(folder, replace) if make or replace else self.node(folder, follow=True)
        if not stat.S_ISDIR(node.st.st_mode):
            os.close(node.fd)
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
        return node, name

    def _way(self, folder: str, replace: bool) -> Node:
        """The folder, made with all that leads to it where it is missing; root's, mode 0755."""
        try:
            node = self.node(folder, follow=True)
            if stat.S_ISDIR(node.st.st_mode) or not replace:
                return node
            os.close(node.fd)
        except (FileNotFoundError, NotADirectoryError):
            pass
        node = self._top()
        so_far = ""
        for part in folder.split("/"):
            if part in ("", "."):
                continue
            so_far += "/" + part
            os.close(node.fd)
            node = self._made_one(so_far, replace)
        return node

    def _made_one(self, path: str, replace: bool) -> Node:
        try:
            node = self.node(path, follow=True)
        except FileNotFoundError:
            pass
        else:
            if stat.S_ISDIR(node.st.st_mode) or not replace:
                return node
            os.close(node.fd)
        above, _, name = path.rpartition("/")
        parent = self.node(above, follow=True)
        try:
            if replace:
                remove(parent.fd, name)
            return _made(name, parent)
        finally:
            os.close(parent.fd)


def _target(link: Node, links: int, path: str) -> str:
    if links > LINKS_MAX:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return os.readlink("", dir_fd=link.fd)


def _made(name: str, parent: Node) -> Node:
    try:
        os.mkdir(name, 0o755, dir_fd=parent.fd)
    except FileExistsError:
        pass                        # somebody else made it just now; the open below says whether it will do
    return _open(name, _FOLDER, parent.fd)


def open_folder(name: str, dir_fd: int) -> int:
    """A folder to list, its access time left alone where we may. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(name, flags | os.O_NOATIME, dir_fd=dir_fd)
    except PermissionError:
        return os.open(name, flags, dir_fd=dir_fd)


def remove(dir_fd: int, name: str) -> bool:
    """Remove a name with all that is below; never follows a link, never leaves the file system it is on.

    Returns whether anything was there. Raises OSError.
    """
    try:
        os.unlink(name, dir_fd=dir_fd)
        return True
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode):
            raise
    fd = open_folder(name, dir_fd)
    try:
        empty(fd)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=dir_fd)
    return True


def empty(fd: int) -> None:
    """Remove what is in a folder, not what is mounted there. Raises OSError, the first one, after all else was tried."""
    device = os.fstat(fd).st_dev
    trouble: List[OSError] = []
    for name in os.listdir(fd):
        try:
            if os.stat(name, dir_fd=fd, follow_symlinks=False).st_dev == device:
                remove(fd, name)
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]
