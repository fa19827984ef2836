"""Where the runtime directory of a manager is, and that nobody can slip in another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from fastinit.run import places

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give directories away")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where /run cannot be written to and the shared directories are those of the test."""
    left = {key: value for key, value in places.posix.environ.items() if key not in (b"FASTINIT_RUN", b"XDG_RUNTIME_DIR")}
    monkeypatch.setattr(places.posix, "environ", left)
    monkeypatch.setattr(places, "RUN", str(tmp_path / "missing"))
    monkeypatch.setattr(places, "_shared", lambda owner: [f"{tmp_path}/a-{owner}", f"{tmp_path}/b-{owner}"])
    return tmp_path


def looked_at() -> List[str]:
    return [path.rsplit("/fastinit/", 1)[0].rsplit("/", 1)[1] for path in places.sockets()]


def test_the_first_that_can_be_had(nowhere: Path) -> None:
    """Made with nobody else's rights; a client finds the same one."""
    assert places.choose() == f"{nowhere}/a-0"
    assert (nowhere / "a-0").stat().st_mode & 0o777 == 0o700
    assert looked_at() == ["missing", "a-0"]


def test_a_directory_of_somebody_else_is_passed_over(nowhere: Path) -> None:
    """Another's directory, another's link, or one that others may write to: neither manager nor client takes it."""
    (nowhere / "a-0").mkdir()
    os.chown(nowhere / "a-0", 12345, 12345)
    assert places.choose() == f"{nowhere}/b-0" and looked_at() == ["missing", "b-0"]
    (nowhere / "a-0").rmdir()
    (nowhere / "a-0").symlink_to(nowhere / "b-0")
    assert places.choose() == f"{nowhere}/b-0" and looked_at() == ["missing", "b-0"]
    (nowhere / "a-0").unlink()
    (nowhere / "a-0").mkdir()
    (nowhere / "a-0").chmod(0o777)
    assert places.choose() == f"{nowhere}/b-0" and looked_at() == ["missing", "b-0"]


def test_a_session_lies_in_its_own_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manager of --user is never where one for the system's units is."""
    monkeypatch.setitem(places.posix.environ, b"XDG_RUNTIME_DIR", str(nowhere).encode())
    assert places.choose(user=True) == f"{nowhere}/{places.USER_FOLDER}"
    assert places.sockets(user=True) == [f"{nowhere}/{places.USER_FOLDER}/fastinit/control"]
    assert str(nowhere) + "/fastinit/control" not in places.sockets()      # root does not look into sessions
