"""System V init scripts that have no unit: their LSB header to the text of a unit, their runlevel links to dependencies.

In:  /etc/init.d and /etc/rc?.d below a root.   Out: unit file text; target -> services that start with it.
Never: starts or changes a script.
Source: systemd-sysv-generator(8); Linux Standard Base, "Comment Conventions for Init Scripts".
"""

from __future__ import annotations

import os
import re
import stat
from typing import Dict, List, Tuple

from fastinit.units import names
from fastinit.units.model import Unit

SCRIPTS = "/etc/init.d"
SHOWN = "/run/systemd/generator.late"       # where systemd would have put the unit
# Links in these folders that begin with S say what starts with which target.
RUNLEVELS = (
    ("rc1.d", "rescue.target"), ("rc2.d", "multi-user.target"), ("rc3.d", "multi-user.target"), ("rc4.d", "multi-user.target"),
    ("rc5.d", "graphical.target"),
)
# LSB facility -> the unit that stands for it; "" = always there once basic.target is reached.
FACILITIES: Dict[str, str] = {
    "$local_fs": "", "$network": "network-online.target", "$named": "nss-lookup.target", "$portmap": "rpcbind.target",
    "$remote_fs": "remote-fs.target", "$syslog": "", "$time": "time-sync.target", "$all": "",
}
_LINK = re.compile(r"S[0-9]{2}(.+)\Z")
_HEADER = re.compile(r"#\s*([A-Za-z-]+):\s*(.*)\Z")
_RELOAD = re.compile(r"^[^#\n]*\{?[a-z|-]*\breload\b", re.MULTILINE)
_PIDFILE = re.compile(r"^#\s*pidfile:\s*(/\S+)", re.MULTILINE)


def unit_of(script: str) -> str:
    """ "cron" -> "cron.service", "hwclock.sh" -> "hwclock.service"; "" when no unit can have that name."""
    stem = script[:-3] if script.endswith(".sh") else script
    name = "".join([char if char.isascii() and (char.isalnum() or char in ":_.-\\@") else "_" for char in stem]) + ".service"
    return name if names.is_valid(name, template=False) else ""


def stands_for(unit: Unit) -> bool:
    """The unit is a script's, not a file's."""
    return not unit.fragment_path and unit.source_path.startswith(SCRIPTS + "/")


def find_scripts(root: str) -> Dict[str, str]:
    """Unit name -> path of the executable script; {} where there is no /etc/init.d."""
    found: Dict[str, str] = {}
    try:
        entries = sorted(os.scandir(root + SCRIPTS), key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in entries:
        name = unit_of(entry.name)
        try:
            mode = entry.stat().st_mode
        except OSError:
            continue                # a broken link starts nothing
        if name and stat.S_ISREG(mode) and mode & 0o111 and not entry.name.startswith("."):
            found.setdefault(name, entry.path)
    return found


def find_enabled(root: str, scripts: Dict[str, str]) -> Dict[str, Tuple[str, ...]]:
    """Target -> the services that its runlevels' S links name."""
    if not scripts:
        return {}
    found: Dict[str, Dict[str, None]] = {}
    for folder, target in RUNLEVELS:
        try:
            links = sorted(os.listdir(f"{root}/etc/{folder}"))
        except OSError:
            continue
        for link in links:
            match = _LINK.match(link)
            name = unit_of(match.group(1)) if match else ""
            if name in scripts:
                found.setdefault(target, {})[name] = None
    return {target: tuple(services) for target, services in found.items()}


def parse_header(text: str) -> Dict[str, str]:
    """The INIT INFO block: keyword in lower case -> value, continued lines of Description joined."""
    fields: Dict[str, str] = {}
    inside, last = False, ""
    for line in text.splitlines():
        if line.startswith("### BEGIN INIT INFO"):
            inside = True
        elif line.startswith("### END INIT INFO"):
            break
        elif inside:
            match = _HEADER.match(line)
            if match:
                last = match.group(1).lower()
                fields[last] = match.group(2).strip()
            elif last == "description" and (line.startswith(("#\t", "#  "))):
                fields[last] += " " + line[1:].strip()
            else:
                last = ""
    return fields


def _dependencies(name: str, header: Dict[str, str]) -> List[str]:
    """Lines of [Unit] for the header's lists."""
    lines = []
    for keyword, kind in (("required-start", "After"), ("should-start", "After"), ("x-start-after", "After"),
                          ("x-start-before", "Before")):
        for word in header.get(keyword, "").split():
            other = FACILITIES.get(word) if word.startswith("$") else unit_of(word)
            if not other or other == name:
                continue
            lines.append(f"{kind}={other}")
            if other == "network-online.target":    # the one target that nobody else pulls in
                lines.append(f"Wants={other}")
    for word in header.get("provides", "").split():
        target = FACILITIES.get(word, "")
        if target:
            lines += [f"Before={target}", f"Wants={target}"]
    return list(dict.fromkeys(lines))


def provided(header: Dict[str, str], name: str) -> Tuple[str, ...]:
    """Other names under which the service is known."""
    found = [unit_of(word) for word in header.get("provides", "").split() if not word.startswith("$")]
    return tuple(other for other in found if other and other != name)


def unit_text(name: str, path: str, script: str) -> str:
    """The unit for a script, as systemd-sysv-generator(8) writes it.

    path: as the unit sees it, without the root.
    """
    header = parse_header(script)
    what = (header.get("short-description") or header.get("description") or names.split(name)[0]).replace("%", "%%")
    pid_file = _PIDFILE.search(script)
    word = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'
    lines = [
        "[Unit]", f"SourcePath={path.replace('%', '%%')}", f"Description={'LSB: ' if header else 'SYSV: '}{what}",
        *_dependencies(name, header),
        "[Service]", "Type=forking", "Restart=no", "TimeoutSec=5min", "IgnoreSIGPIPE=no", "KillMode=process",
        "GuessMainPID=no", f"RemainAfterExit={'no' if pid_file else 'yes'}",
    ]
    if pid_file:
        lines.append(f"PIDFile={pid_file.group(1).replace('%', '%%')}")
    if header:
        lines.append("SuccessExitStatus=5 6")       # LSB: not installed, not configured
    lines += [f"ExecStart={word} start", f"ExecStop={word} stop"]
    if _RELOAD.search(script):
        lines.append(f"ExecReload={word} reload")
    return "\n".join(lines) + "\n"
