"""Copying trees for "C" lines.

In:  an open source, a folder and a name to copy to.   Out: the copy: content, mode, owner, times, links, extended attributes.
Never: follows a link, overwrites a file that is there, goes into a folder that has something in it unless told to merge.
Source: tmpfiles.d(5), "C", "C+".
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import Optional, Tuple

from fastinit.companions.safepath import Node, open_folder, proc_path


def copy_tree(source: Node, dir_fd: int, name: str, uid: Optional[int], gid: Optional[int], merge: bool) -> None:
    """Raises OSError.   uid, gid: owner of everything copied, None = as in the source."""
    kind = stat.S_IFMT(source.st.st_mode)
    owner = (source.st.st_uid if uid is None else uid, source.st.st_gid if gid is None else gid)
    if kind == stat.S_IFDIR:
        _copy_folder(source, dir_fd, name, uid, gid, owner, merge)
        return
    try:
        _COPIES[kind](source, dir_fd, name)
    except FileExistsError:
        return
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        _dress(source, fd, owner)
    finally:
        os.close(fd)


def _copy_folder(
    source: Node, dir_fd: int, name: str, uid: Optional[int], gid: Optional[int], owner: Tuple[int, int], merge: bool,
) -> None:
    is_new = True
    try:
        os.mkdir(name, 0o700, dir_fd=dir_fd)
    except FileExistsError:
        is_new = False
        if not stat.S_ISDIR(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode):
            return
    target = open_folder(name, dir_fd)
    try:
        if is_new or merge or not os.listdir(target):
            _copy_entries(source, target, uid, gid, merge)
            if is_new:
                _dress(source, target, owner)
    finally:
        os.close(target)


def _copy_entries(source: Node, target: int, uid: Optional[int], gid: Optional[int], merge: bool) -> None:
    fd = open_folder(".", source.fd)
    try:
        for entry in sorted(os.listdir(fd)):
            child = os.open(entry, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
            try:
                st = os.fstat(child)
                if st.st_dev == source.st.st_dev:       # what is mounted below the source is not part of it
                    copy_tree(Node(child, st), target, entry, uid, gid, merge)
            finally:
                os.close(child)
    finally:
        os.close(fd)


def _copy_file(source: Node, dir_fd: int, name: str) -> None:
    with open(proc_path(source.fd), "rb") as stream:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=dir_fd)
        with open(fd, "wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)


def _copy_link(source: Node, dir_fd: int, name: str) -> None:
    os.symlink(os.readlink("", dir_fd=source.fd), name, dir_fd=dir_fd)


def _copy_node(source: Node, dir_fd: int, name: str) -> None:
    os.mknod(name, source.st.st_mode, source.st.st_rdev, dir_fd=dir_fd)


_COPIES = {
    stat.S_IFREG: _copy_file, stat.S_IFLNK: _copy_link, stat.S_IFIFO: _copy_node, stat.S_IFCHR: _copy_node,
    stat.S_IFBLK: _copy_node, stat.S_IFSOCK: _copy_node,
}


def _dress(source: Node, fd: int, owner: Tuple[int, int]) -> None:
    path = proc_path(fd)
    os.chown(path, *owner)
    if stat.S_ISLNK(source.st.st_mode):
        return
    os.chmod(path, stat.S_IMODE(source.st.st_mode))
    for name in os.listxattr(proc_path(source.fd)):
        if name.startswith("user."):
            os.setxattr(path, name, os.getxattr(proc_path(source.fd), name))
    os.utime(path, ns=(source.st.st_atime_ns, source.st.st_mtime_ns))
