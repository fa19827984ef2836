"""`fastinit install` and `uninstall`: every name is there, works, and gives back what it took, dpkg's files included."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict

import pytest

from fastinit.cli import links
from fastinit.cli.start import SYSTEMCTL_NAMES
from fastinit.companions.table import PROGRAMS

TOP = Path(__file__).resolve().parents[2]


def tree(root: Path) -> Dict[str, str]:
    """Path -> content, or where it leads."""
    return {str(path.relative_to(root)): f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text()
            for path in sorted(root.rglob("*")) if path.is_symlink() or path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A merged /usr with an init of somebody else's and a tool that needs none."""
    for directory in ("usr/bin", "usr/sbin"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory[4:]).symlink_to(directory)
    (tmp_path / "usr/sbin/init").write_text("another init")
    (tmp_path / "usr/bin/systemd-escape").write_text("the distribution's")
    return tmp_path


def test_install_and_back(root: Path) -> None:
    """Twice is once; what stood in the way is kept and comes back; tools that work alone stay as they are."""
    before = tree(root)
    said = links.install(str(root), [])
    after = tree(root)
    for name in (*SYSTEMCTL_NAMES, *PROGRAMS):
        directory = "usr/bin" if name == "systemctl" or name.startswith("systemd-") or name.endswith("ctl") else "usr/sbin"
        if name != "systemd-escape":
            assert after[f"{directory}/{name}"] == f"-> {links.program()}"
    assert after["usr/bin/systemd-escape"] == "the distribution's" and f"Left '{root}/usr/bin/systemd-escape' as it is." in said
    assert after["usr/sbin/init.fastinit-saved"] == "another init"
    assert links.install(str(root), []) == [f"Left '{root}/usr/bin/systemd-escape' as it is."] and tree(root) == after
    links.uninstall(str(root), [])
    assert tree(root) == before


def test_without(root: Path) -> None:
    """A name that is left out is not touched; one that does not exist is a mistake."""
    links.install(str(root), ["init", "service"])
    assert "usr/sbin/service" not in tree(root) and tree(root)["usr/sbin/init"] == "another init"
    with pytest.raises(ValueError, match="no link is called 'int'"):
        links.install(str(root), ["int"])


def test_directories_of_their_own(tmp_path: Path) -> None:
    """Before the merge /sbin/init is what a kernel and a Dockerfile name."""
    for directory in ("usr/bin", "usr/sbin", "bin", "sbin"):
        (tmp_path / directory).mkdir(parents=True)
    links.install(str(tmp_path), [])
    assert {"bin/systemctl", "usr/bin/systemctl", "sbin/init", "usr/sbin/init"} <= set(tree(tmp_path))
    links.uninstall(str(tmp_path), [])
    assert tree(tmp_path) == {}


def package(folder: Path, version: str, files: Dict[str, str]) -> Path:
    """A .deb with these files."""
    source = folder / version
    for name, text in {**files, "DEBIAN/control": f"Package: other-init\nVersion: {version}\nArchitecture: all\n"
                                                  "Maintainer: nobody <n@example.org>\nDescription: of a test\n"}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    deb = folder / f"{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(source), str(deb)], check=True, capture_output=True)
    return deb


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dpkg-divert"), reason="needs root and dpkg")
@pytest.mark.parametrize("folder", ["bin", "usr/bin"])
@pytest.mark.parametrize("was_there", [True, False])
def test_a_package_was_there_or_comes_later(root: Path, tmp_path_factory: pytest.TempPathFactory, folder: str,
                                            was_there: bool) -> None:
    """Its files go beside our links, by whichever name of the directory it ships them; its newest ones are there when we go."""
    (root / "usr/sbin/init").unlink()
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "var/lib/dpkg" / name).touch()
    for name in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / name).mkdir()
    made = tmp_path_factory.mktemp("packages")
    sbin = folder.replace("bin", "sbin")
    debs = [package(made, version, {f"{folder}/systemctl": version, f"{sbin}/init": version}) for version in ("1", "2")]

    def dpkg(*words: str) -> None:
        done = subprocess.run(["dpkg", f"--root={root}", "--force-script-chrootless", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    if was_there:
        dpkg("--install", str(debs[0]))
    links.install(str(root), [])
    if not was_there:
        dpkg("--install", str(debs[0]))
    assert tree(root)["usr/bin/systemctl"] == tree(root)["usr/sbin/init"] == f"-> {links.program()}"
    dpkg("--install", str(debs[1]))
    assert tree(root)["usr/bin/systemctl"] == tree(root)["usr/sbin/init"] == f"-> {links.program()}"
    links.uninstall(str(root), [])
    left = {name: text for name, text in tree(root).items() if name.startswith("usr/") and "systemd-escape" not in name}
    assert left == {"usr/bin/systemctl": "2", "usr/sbin/init": "2"}
    assert (root / "var/lib/dpkg/diversions").read_text() == ""


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_companion_answers_by_its_link(tmp_path: Path, name: str) -> None:
    """Through the same program as systemctl's; the name decides."""
    (tmp_path / name).symlink_to(links.program())
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TOP), "LANG": "C.UTF-8"}
    done = subprocess.run([str(tmp_path / name), "--help"], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0 and name in done.stdout + done.stderr and "Traceback" not in done.stderr, done


def test_a_name_of_ones_own_is_systemctl(tmp_path: Path) -> None:
    (tmp_path / "sctl").symlink_to(links.program())
    done = subprocess.run([str(tmp_path / "sctl"), "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("systemd 257")
