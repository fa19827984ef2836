"""What the manual pages say of verbs and options beyond their line in --help: words only.

In:  nothing.   Out: VERBS, OPTIONS; docs.man makes paragraphs of them, a test holds their keys to the tables of the program.
*word* is a word of the reader's, `word` is typed as it stands.
"""

from __future__ import annotations

from typing import Dict

VERBS: Dict[str, str] = {
    "list-units": "Units that are active, that have a job, or that have failed; with `--all` every unit the manager has loaded. "
                  "This is what `systemctl` alone does, except as PID 1, where it is the init.",
    "is-active": "Prints one word for each unit. The exit code is 0 if at least one is active, 3 if none is, 4 if there is no such unit.",
    "is-failed": "Prints one word for each unit. The exit code is 0 if at least one has failed. "
                 "Without units it tells of the whole system: 0 if it is degraded.",
    "status": "For people: do not parse it, use `show`. A number is the PID of a process of the unit. "
              "Without words it tells of the whole system. The exit code is 0 for an active unit, 3 for one that is not, "
              "4 for one that does not exist.",
    "show": "For programs: one NAME=VALUE a line. A unit that does not exist has LoadState=not-found, and the exit code is 0. "
            "Without words it tells of the manager; a number is a job.",
    "cat": "Each file has a comment with its path above it.",
    "help": "Prints what Documentation= names: there is no pager in a container.",
    "list-dependencies": "Without a unit it begins at default.target. Targets are followed down, other units only with `--all`.",
    "start": "Returns when the job is done: for a service when its Type= says that it is up. "
             "Where no init runs, a manager is started in the background.",
    "reload": "What ExecReload= or Type=notify-reload say; it is an error for a unit that has neither. "
              "This is about the service's own configuration, `daemon-reload` about unit files.",
    "isolate": "The unit must allow it: AllowIsolate=yes.",
    "kill": "To all processes of the unit unless `--kill-whom=` says otherwise, SIGTERM unless `--signal=` says otherwise.",
    "clean": "`--what=` says which directories (StateDirectory= and its kin); without it cache and runtime.",
    "set-property": "Writes a drop-in below system.control and reads it. With `--runtime` it is gone at the end of the container.",
    "enable": "Makes the links that [Install] asks for, and for a path that is outside of the unit directories a link to it. "
              "With `--now` the units are started, too. No init need run.",
    "disable": "Removes all links to the unit files. With `--now` the units are stopped, too.",
    "is-enabled": "Prints one word for each unit file. The exit code is 0 if at least one is enabled in some way or needs not be, "
                  "4 if there is none of that name.",
    "mask": "The unit becomes a link to /dev/null.",
    "revert": "Removes drop-ins and copies below /etc and /run, where the vendor has the unit file.",
    "edit": "A drop-in, or with `--full` a copy of the file. The editor is that of SYSTEMD_EDITOR, EDITOR or VISUAL. "
            "With `--stdin` the text comes from there.",
    "daemon-reload": "Not needed after `enable` and its kin, which do it themselves. Without a manager it does nothing.",
    "daemon-reexec": "The services go on, so does everything that is queued or open: this is how a new version is put to work.",
    "is-system-running": "Prints one word: initializing, starting, running, degraded, maintenance, stopping, or offline without an init. "
                         "The exit code is 0 for running only.",
    "exit": "The code is 0 unless another is given.",
    "import-environment": "The variables must be named.",
    "init": "As PID 1, or anywhere as a subreaper: starts the units, ends when they are done, and its exit code tells of them. "
            "Without units it boots default.target and ends when it is told to.",
    "default-services": "One name a line.",
    "list-start-dependencies": "One name a line.",
    "environment": "Those of Environment= as NAME=VALUE, and the files of EnvironmentFile= as comments.",
    "command": "Those of ExecStart=.",
    "log": "Of what the services have written since the container began.",
    "stats": "Counters of PID 1: what was reaped, in which batches, how fast.",
}
OPTIONS: Dict[str, str] = {
    "--type": "Several may be given with commas. `help` lists them.",
    "--state": "Several may be given with commas. `help` lists them.",
    "--property": "May be given several times, or with several names and commas.",
    "--job-mode": "*MODE* is one of {job_modes}; without the option, replace.",
    "--output": "*STRING* is one of {output}.",
    "--preset-mode": "*MODE* is one of {preset_modes}; without the option, full.",
    "--kill-whom": "*WHOM* is one of {whom}; without the option, all. With -fail, it is an error if there is no such process.",
    "--user": "As an init of a user, `fastinit init --user` serves it; where none runs, one is started in the background.",
    "--wait": "The exit code of a start tells whether the unit has failed in the end.",
    "--signal": "A name with or without SIG, or a number. `help` and `list` list them.",
    "--what": "*RESOURCES* are {what}, or all; several with commas.",
    "--root": "No manager is asked or told: the unit files below *PATH* alone count.",
    "--dry-run": "The words are checked all the same.",
    "--quiet": "Errors are still printed.",
    "--force": "With halt, poweroff and reboot: units are not stopped first, every process gets SIGTERM, and SIGKILL 10 seconds later.",
    "--timestamp": "Without the option, pretty.",
    "--lines": "10 unless given; 0 for none.",
    "--now": "With `enable`, `disable` and `mask`.",
    "--drop-in": "*NAME*.conf instead of override.conf.",
}
