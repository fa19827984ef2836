"""What the lines of tmpfiles.d(5) do: create, adjust, remove.

In:  Items, a Walker for the root.   Out: changed files; messages; whether all went well.
Never: changes an object by its name after it was checked: all goes through the descriptor (safepath.py says why).
Source: tmpfiles.d(5); systemd's rules for links and hard links.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from typing import Callable, Dict, Iterator, List, Tuple

from fastinit.companions import acl, patterns
from fastinit.companions.accounts import Resolver
from fastinit.companions.safepath import Node, Walker, empty, open_folder, proc_path, remove
from fastinit.companions.tmplines import Item
from fastinit.units.syntax import QuotingError, split_words

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
CHATTR = {
    "A": 0x80, "S": 0x08, "D": 0x10000, "a": 0x20, "c": 0x04, "d": 0x40, "e": 0x80000, "i": 0x10, "j": 0x4000, "P": 0x20000000,
    "s": 0x01, "T": 0x20000, "u": 0x02, "t": 0x8000, "C": 0x800000,
}
PROTECTED = "/proc/sys/fs/protected_hardlinks"


class Trouble(Exception):
    """A line that could not be carried out; str() is the message."""


def why(error: OSError) -> str:
    return os.strerror(error.errno or 0)


class Applier:
    """Carries lines out below one root.   say: takes messages; dry: only say what would be done."""

    def __init__(self, root: str, names: Resolver, say: Callable[[str], None], dry: bool = False) -> None:
        self.walker = Walker(root)
        self.names = names
        self.say = say
        self.dry = dry

    # --- the three ways of --create, --remove, --purge -----------------------------------------------------------

    def create(self, item: Item) -> None:
        """Raises Trouble."""
        self._guarded(item, CREATE[item.kind])

    def remove(self, item: Item) -> None:
        """Raises Trouble."""
        if item.kind in REMOVE:
            self._guarded(item, REMOVE[item.kind])

    def purge(self, item: Item) -> None:
        """Remove what a line with "$" made. Raises Trouble."""
        if "$" in item.flags and item.kind in CREATE:
            self._guarded(item, Applier._remove_tree)

    def _guarded(self, item: Item, action: "Callable[[Applier, Item], None]") -> None:
        try:
            action(self, item)
        except OSError as error:
            raise Trouble(f"{item.where}: cannot {VERBS[item.kind]} {item.path}: {why(error)}") from error

    def shown(self, path: str) -> str:
        """A path as messages have it: with the root."""
        return self.walker.root.rstrip("/") + path

    def _would(self, what: str, path: str) -> bool:
        if self.dry:
            self.say(f"Would {what} {path}")
        return self.dry

    # --- finding -------------------------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        try:
            os.close(self.walker.node(path).fd)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def entries(self, path: str) -> List[str]:
        try:
            node = self.walker.node(path, follow=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            fd = open_folder(".", node.fd)
        except (NotADirectoryError, FileNotFoundError):
            return []
        finally:
            os.close(node.fd)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def found(self, item: Item) -> Iterator[str]:
        return patterns.find(item.path, self.entries, self.exists)

    # --- nodes -----------------------------------------------------------------------------------------------------

    def _make(self, item: Item, mode_kind: int, make: Callable[[int, str], None]) -> None:
        """Make a node when nothing is there, else keep it if it is of that kind; then set owner and mode."""
        if self.dry and not self.exists(item.path):
            self._would(VERBS[item.kind], item.path)
            return
        replace = "=" in item.flags or ("+" in item.flags and item.kind in "pLcb")
        parent, name = self.walker.parent(item.path, make=True, replace="=" in item.flags)
        try:
            is_new = self._make_in(item, parent, name, mode_kind, make, replace)
            node = self._child(parent, name)
            try:
                if stat.S_IFMT(node.st.st_mode) == mode_kind:
                    self._set_owner_and_mode(item, node, is_new)
            finally:
                os.close(node.fd)
        finally:
            os.close(parent.fd)

    def _make_in(
        self, item: Item, parent: Node, name: str, mode_kind: int, make: Callable[[int, str], None], replace: bool,
    ) -> bool:
        """Returns whether it is new. Raises Trouble when something else stands there and may not be replaced."""
        try:
            make(parent.fd, name)
            return True
        except FileExistsError:
            there = os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
        if self._is_wanted(item, there, parent.fd, name, mode_kind):
            return False
        if not replace:
            return self._in_the_way(item)
        if self._would("replace", item.path):
            return False
        return self._replace(parent.fd, name, make)

    def _is_wanted(self, item: Item, there: os.stat_result, fd: int, name: str, mode_kind: int) -> bool:
        if stat.S_IFMT(there.st_mode) != mode_kind:
            return False
        if item.kind == "L":
            return os.readlink(name, dir_fd=fd) == item.text
        if item.kind in "cb":
            return there.st_rdev == item.device
        return True

    def _in_the_way(self, item: Item) -> bool:
        """Links and folders leave what is there alone and succeed; a file in whose place something else stands is an error."""
        if item.kind == "f":
            raise Trouble(f"{self.shown(item.path)} exists and is not a regular file.")
        if item.kind in "dDvqQp":
            what = "directory" if item.kind in "dDvqQ" else "FIFO"
            self.say(f'"{self.shown(item.path)}" already exists and is not a {what}.')
        return False

    @staticmethod
    def _replace(fd: int, name: str, make: Callable[[int, str], None]) -> bool:
        """Beside it first, then renamed over it, so that the name is never gone; a folder has to be removed."""
        temporary = f".#{name}{os.getpid():x}"
        make(fd, temporary)
        try:
            os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
        except OSError as error:
            if error.errno not in (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST):
                remove(fd, temporary)
                raise
            remove(fd, name)
            os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
        return True

    @staticmethod
    def _child(parent: Node, name: str) -> Node:
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent.fd)
        return Node(fd, os.fstat(fd))

    def _folder(self, item: Item) -> None:
        self._make(item, stat.S_IFDIR, lambda fd, name: os.mkdir(name, item.node_mode() & 0o7777, dir_fd=fd))

    def _fifo(self, item: Item) -> None:
        self._make(item, stat.S_IFIFO, lambda fd, name: os.mkfifo(name, item.node_mode(), dir_fd=fd))

    def _link(self, item: Item) -> None:
        if "?" in item.flags and not self.exists(item.text if item.text.startswith("/") else
                                                 item.path.rpartition("/")[0] + "/" + item.text):
            return
        self._make(item, stat.S_IFLNK, lambda fd, name: os.symlink(item.text, name, dir_fd=fd))

    def _device(self, item: Item) -> None:
        kind = stat.S_IFCHR if item.kind == "c" else stat.S_IFBLK
        try:
            self._make(item, kind, lambda fd, name: os.mknod(name, item.node_mode() | kind, item.device, dir_fd=fd))
        except PermissionError:
            # Without CAP_MKNOD, which is the rule in containers, the engine made the nodes that there are.
            return

    def _file(self, item: Item) -> None:
        if "+" in item.flags:
            self._truncated_file(item)
            return
        if self.dry and not self.exists(item.path):
            self._would("create file", item.path)
            return

        def make(fd: int, name: str) -> None:
            new = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY,
                          item.node_mode(), dir_fd=fd)
            _write(new, item.argument)
        self._make(item, stat.S_IFREG, make)

    def _truncated_file(self, item: Item) -> None:
        if self._would("write", item.path):
            return
        parent, name = self.walker.parent(item.path, make=True, replace="=" in item.flags)
        try:
            if "=" in item.flags:
                self._clear_way(parent, name, stat.S_IFREG)
            is_new = self._truncate(item, parent, name)
            node = self._child(parent, name)
            try:
                self._set_owner_and_mode(item, node, is_new)
            finally:
                os.close(node.fd)
        finally:
            os.close(parent.fd)

    @staticmethod
    def _clear_way(parent: Node, name: str, kind: int) -> None:
        try:
            there = os.stat(name, dir_fd=parent.fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_IFMT(there.st_mode) != kind:
            remove(parent.fd, name)

    def _truncate(self, item: Item, parent: Node, name: str) -> bool:
        flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
        is_new = False
        try:
            fd = os.open(name, flags, dir_fd=parent.fd)
        except FileNotFoundError:
            fd = os.open(name, flags | os.O_CREAT | os.O_EXCL, item.node_mode(), dir_fd=parent.fd)
            is_new = True
        st = os.fstat(fd)
        if not stat.S_ISREG(st.st_mode):
            os.close(fd)
            raise Trouble(f"{self.shown(item.path)} exists and is not a regular file.")
        if _is_vulnerable(st):
            os.close(fd)
            raise Trouble(f"Refusing to truncate hardlinked file {self.shown(item.path)}.")
        os.ftruncate(fd, 0)
        _write(fd, item.argument)
        return is_new

    def _write_existing(self, item: Item) -> None:
        """ "w": the only line that follows a link at the end, since it is meant for files in /sys and /proc."""
        for path in self.found(item):
            if self._would("write to", path):
                continue
            node = self.walker.node(path, follow=True)
            try:
                # No O_TRUNC: files in /sys and /proc have none, and systemd leaves what is behind the new text too.
                mode = os.O_APPEND if "+" in item.flags else 0
                fd = os.open(proc_path(node.fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | mode)
                _write(fd, item.argument)
                self._set_owner_and_mode(item, node, False)
            finally:
                os.close(node.fd)

    def _copy(self, item: Item) -> None:
        from fastinit.companions.tmpcopy import copy_tree
        try:
            source = self.walker.node(item.text)
        except (FileNotFoundError, NotADirectoryError):
            return                  # what a package may leave out is no error
        try:
            if self.dry and not self.exists(item.path):
                self._would(f"copy {item.text} to", item.path)
                return
            parent, name = self.walker.parent(item.path, make=True, replace="=" in item.flags)
            try:
                if "=" in item.flags:
                    self._clear_way(parent, name, stat.S_IFMT(source.st.st_mode))
                if not self.dry:
                    copy_tree(source, parent.fd, name, item.uid, item.gid, "+" in item.flags)
                node = self._child(parent, name)
                try:
                    if stat.S_IFMT(node.st.st_mode) == stat.S_IFMT(source.st.st_mode):
                        self._set_owner_and_mode(item, node, True)
                finally:
                    os.close(node.fd)
            finally:
                os.close(parent.fd)
        finally:
            os.close(source.fd)

    # --- what is there already ---------------------------------------------------------------------------------------

    def _each(self, item: Item, action: Callable[[Item, Node], None]) -> None:
        """Do it to everything that fits; one failure does not keep the others from being done."""
        trouble: List[str] = []
        for path in self.found(item):
            try:
                node = self.walker.node(path)
            except FileNotFoundError:
                continue
            try:
                action(item, node)
            except OSError as error:
                trouble.append(f"{item.where}: cannot {VERBS[item.kind]} {path}: {why(error)}")
            finally:
                os.close(node.fd)
        if trouble:
            raise Trouble("\n".join(trouble))

    def _existing_folder(self, item: Item) -> None:
        def adjust(item: Item, node: Node) -> None:
            if stat.S_ISDIR(node.st.st_mode):
                self._set_owner_and_mode(item, node, False)
            else:
                self.say(f'"{self.shown(item.path)}" already exists and is not a directory.')
        self._each(item, adjust)

    def _adjust(self, item: Item) -> None:
        self._each(item, self._on_node(item))

    def _adjust_all(self, item: Item) -> None:
        action = self._on_node(item)

        def down(item: Item, node: Node) -> None:
            action(item, node)
            if stat.S_ISDIR(node.st.st_mode):
                self._descend(item, node, down)
        self._each(item, down)

    @staticmethod
    def _descend(item: Item, node: Node, action: Callable[[Item, Node], None]) -> None:
        fd = open_folder(".", node.fd)
        try:
            for name in sorted(os.listdir(fd)):
                try:
                    child = Applier._child(Node(fd, node.st), name)
                except FileNotFoundError:
                    continue
                try:
                    action(item, child)
                finally:
                    os.close(child.fd)
        finally:
            os.close(fd)

    def _on_node(self, item: Item) -> Callable[[Item, Node], None]:
        return {
            "z": lambda item, node: self._set_owner_and_mode(item, node, False),
            "t": self._set_xattrs, "a": self._set_acl, "h": self._set_flags,
        }[{"m": "z"}.get(item.kind.lower(), item.kind.lower())]

    def _set_owner_and_mode(self, item: Item, node: Node, is_new: bool) -> None:
        if item.mode is None and item.uid is None and item.gid is None:
            return
        st = os.fstat(node.fd)
        uid = st.st_uid if item.uid is None or (item.uid_once and not is_new) else item.uid
        gid = st.st_gid if item.gid is None or (item.gid_once and not is_new) else item.gid
        was = stat.S_IMODE(st.st_mode)
        mode = _wanted_mode(item, st, is_new)
        owner_differs = (uid, gid) != (st.st_uid, st.st_gid)
        if not owner_differs and mode == was:
            return
        if _is_vulnerable(st):
            raise Trouble(f"Refusing to set permissions on hardlinked file {self.shown(item.path)} "
                          "while the fs.protected_hardlinks sysctl is turned off.")
        if self._would("set owner and mode of", item.path):
            return
        path, is_link = proc_path(node.fd), stat.S_ISLNK(st.st_mode)
        if owner_differs:
            # Only the bits that old and new mode share while the owner changes: nobody ever has more than either grants.
            if not is_link and mode & was != was:
                os.chmod(path, mode & was)
            os.chown(path, uid, gid)
        if not is_link:
            os.chmod(path, mode)            # also after a chown alone, which clears set-user-ID bits

    def _set_xattrs(self, item: Item, node: Node) -> None:
        if self._would("set extended attributes of", item.path):
            return
        for name, value in _assignments(item):
            os.setxattr(proc_path(node.fd), name, value)

    def _set_acl(self, item: Item, node: Node) -> None:
        if stat.S_ISLNK(node.st.st_mode) or self._would("set ACLs of", item.path):
            return
        try:
            wanted = acl.parse(item.text, self.names.uid, self.names.gid)
        except (ValueError, KeyError) as error:
            raise Trouble(f"{item.where}: Failed to parse ACL \"{item.text}\": {error}") from None
        is_folder = stat.S_ISDIR(node.st.st_mode)
        for name, entries in ((acl.ACCESS, wanted.access), (acl.DEFAULT, wanted.default)):
            if not entries or (name == acl.DEFAULT and not is_folder):
                continue
            old = _old_acl(node.fd, name) if "+" in item.flags else {}
            mode = stat.S_IMODE(os.fstat(node.fd).st_mode)
            try:
                os.setxattr(proc_path(node.fd), name, acl.encode(acl.complete(entries, old, mode, is_folder)))
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
                return              # a file system without ACLs: the line is meant for those that have them

    def _set_flags(self, item: Item, node: Node) -> None:
        if stat.S_IFMT(node.st.st_mode) not in (stat.S_IFREG, stat.S_IFDIR) or self._would("set file attributes of", item.path):
            return
        sign, letters = (item.text[0], item.text[1:]) if item.text[:1] in ("+", "-", "=") else ("+", item.text)
        if any(letter not in CHATTR for letter in letters) or (not letters and sign != "="):
            raise Trouble(f"{item.where}: Unknown file attribute in '{item.text}'.")
        value = sum(CHATTR[letter] for letter in set(letters))
        mask = sum(CHATTR.values()) if sign == "=" else value
        fd = os.open(proc_path(node.fd), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            _change_flags(fd, mask, 0 if sign == "-" else value)
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
            self.say(f"{item.where}: Setting file attributes of {item.path} is not supported here, ignoring.")
        finally:
            os.close(fd)

    # --- removing ------------------------------------------------------------------------------------------------------

    def _unlink(self, path: str, action: Callable[[int, str], object]) -> None:
        parent, name = self.walker.parent(path)
        try:
            action(parent.fd, name)
        finally:
            os.close(parent.fd)

    def _remove_found(self, item: Item, action: Callable[[int, str], object]) -> None:
        """One that cannot be removed does not keep the others."""
        trouble: List[str] = []
        for path in list(self.found(item)):
            if self._would("remove", path):
                continue
            try:
                self._unlink(path, action)
            except FileNotFoundError:
                continue
            except OSError as error:
                trouble.append(f"rm({self.shown(path)}): {why(error)}")
        if trouble:
            raise Trouble("\n".join(trouble))

    def _remove_one(self, item: Item) -> None:
        self._remove_found(item, _remove_single)

    def _remove_all(self, item: Item) -> None:
        self._remove_found(item, remove)

    def _remove_tree(self, item: Item) -> None:
        if self.exists(item.path) and not self._would("remove", item.path):
            self._unlink(item.path, remove)

    def _empty(self, item: Item) -> None:
        try:
            node = self.walker.node(item.path)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            if not stat.S_ISDIR(node.st.st_mode) or self._would("empty", item.path):
                return
            fd = open_folder(".", node.fd)
            try:
                empty(fd)
            finally:
                os.close(fd)
        finally:
            os.close(node.fd)

    def _nothing(self, item: Item) -> None:
        """Lines that have a say in cleaning or removing only."""


def _remove_single(fd: int, name: str) -> None:
    """A file or an empty folder."""
    try:
        os.unlink(name, dir_fd=fd)
    except (IsADirectoryError, PermissionError):
        os.rmdir(name, dir_fd=fd)


def _write(fd: int, data: bytes) -> None:
    """Write all and close."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
    finally:
        os.close(fd)


def _is_vulnerable(st: os.stat_result) -> bool:
    """Another name of this file may be somewhere its owner put it, when the kernel lets people link what is not theirs."""
    if stat.S_ISDIR(st.st_mode) or st.st_nlink < 2:
        return False
    try:
        with open(PROTECTED, encoding="ascii") as stream:
            return stream.read().strip() == "0"
    except OSError:
        return False                # cannot be read: the kernel's default since 2012 protects


def _wanted_mode(item: Item, st: os.stat_result, is_new: bool) -> int:
    was = stat.S_IMODE(st.st_mode)
    if item.mode is None or (item.mode_once and not is_new):
        return was
    mode = item.mode
    if item.mode_masked:
        for bits in (0o111, 0o222, 0o444):
            if not was & bits:
                mode &= ~bits
        if not stat.S_ISDIR(st.st_mode):
            mode &= 0o777
    return mode


def _assignments(item: Item) -> Iterator[Tuple[str, bytes]]:
    try:
        words = split_words(item.text)
    except QuotingError as error:
        raise Trouble(f"{item.where}: cannot parse extended attributes '{item.text}': {error}") from None
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Trouble(f"{item.where}: Malformed extended attribute '{word}'.")
        yield name, os.fsencode(value)


def _old_acl(fd: int, name: str) -> acl.Entries:
    try:
        return acl.decode(os.getxattr(proc_path(fd), name))
    except OSError:
        return {}


def _change_flags(fd: int, mask: int, value: int) -> None:
    was: int = struct.unpack("I", fcntl.ioctl(fd, FS_IOC_GETFLAGS, struct.pack("I", 0)))[0]
    new = was & ~mask | value & mask
    if new != was:
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("I", new))


Action = Callable[[Applier, Item], None]
CREATE: Dict[str, Action] = {
    "f": Applier._file, "w": Applier._write_existing, "C": Applier._copy,
    "d": Applier._folder, "D": Applier._folder, "e": Applier._existing_folder,
    # Subvolumes exist on btrfs only and matter to quotas only; a folder is what systemd makes elsewhere too.
    "v": Applier._folder, "q": Applier._folder, "Q": Applier._folder,
    "p": Applier._fifo, "L": Applier._link, "c": Applier._device, "b": Applier._device,
    "z": Applier._adjust, "m": Applier._adjust, "Z": Applier._adjust_all, "t": Applier._adjust, "T": Applier._adjust_all,
    "h": Applier._adjust, "H": Applier._adjust_all, "a": Applier._adjust, "A": Applier._adjust_all,
    "x": Applier._nothing, "X": Applier._nothing, "r": Applier._nothing, "R": Applier._nothing,
}
REMOVE: Dict[str, Action] = {"r": Applier._remove_one, "R": Applier._remove_all, "D": Applier._empty}
VERBS: Dict[str, str] = {
    "f": "create file", "w": "write to", "C": "copy to", "e": "adjust", "p": "create fifo", "L": "create symlink",
    "c": "create device node", "b": "create device node", "t": "set extended attributes of", "h": "set file attributes of",
    "a": "set ACLs of", "x": "ignore", "X": "ignore", "r": "remove", "R": "remove", **dict.fromkeys("dDvqQ", "create directory"),
    **dict.fromkeys("zZm", "adjust"), "T": "set extended attributes of", "H": "set file attributes of", "A": "set ACLs of",
}
