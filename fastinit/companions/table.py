"""Which module is which program: the only list of the companions, for the multi-call entry and for `fastinit install`.

Each module has main(argv) -> exit code; argv is without the program's name.
"""

from __future__ import annotations

from typing import Dict

PROGRAMS: Dict[str, str] = {
    "hostnamectl":                  "hostnamectl",
    "loginctl":                     "loginctl",
    "runlevel":                     "runlevel",
    "service":                      "service",
    "shutdown":                     "shutdown",
    "systemd-analyze":              "analyze.main",
    "systemd-cat":                  "cat",
    "systemd-detect-virt":          "detect_virt",
    "systemd-escape":               "escape",
    "systemd-id128":                "id128",
    "systemd-machine-id-setup":     "machine_id_setup",
    "systemd-notify":               "notify",
    "systemd-path":                 "path",
    "systemd-run":                  "run",
    "systemd-sysusers":             "sysusers",
    "systemd-tmpfiles":             "tmpfiles",
    "telinit":                      "telinit",
}
MODULES: Dict[str, str] = {program: "fastinit.companions." + module for program, module in PROGRAMS.items()}
