"""systemctl -4 and -6: /etc/hosts keeps one localhost."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastinit.cli.hosts import keep_family

HOSTS = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # both\nfe00::0 ip6-localnet\n10.0.0.2 web\n# ::1 localhost\n"


def test_only_the_other_localhost_goes(tmp_path: Path) -> None:
    """The same file (engines mount it), the other lines as they were."""
    path = tmp_path / "hosts"
    for family, gone in (("ipv4", "::1 localhost ip6-localhost # both\n"), ("ipv6", "127.0.0.1\tlocalhost\n")):
        path.write_text(HOSTS)
        inode = path.stat().st_ino
        keep_family(family, str(path))
        assert path.read_text() == HOSTS.replace(gone, "") and path.stat().st_ino == inode


def test_a_file_that_cannot_be_written_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_family("ipv4", str(tmp_path / "none"))
    assert "cannot keep only the ipv4 localhost: No such file or directory" in capsys.readouterr().err
