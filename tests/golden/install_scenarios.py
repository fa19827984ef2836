# ruff: noqa: E501      the commands of one idea stand on one line
"""Unit files and systemctl's verbs on them, for a comparison on equal trees (test_install.py).

A path without "/" in front is a unit below /usr/lib/systemd/system. "" as the [Install] section leaves it away.
"!" in front of a command: a change of the tree, words as of mkdir, ln, rm, cp, write.
"""

from __future__ import annotations

from random import Random
from typing import Dict, List, NamedTuple


class Scenario(NamedTuple):
    files: Dict[str, str]
    commands: List[str]


def unit(install: str = "", section: str = "Service") -> str:
    body = "[Unit]\nDescription=x\n" + (f"[{section}]\nExecStart=/bin/true\n" if section == "Service" else "")
    return body + (f"[Install]\n{install}\n" if install else "")


WANTED = unit("WantedBy=multi-user.target")
STATIC = unit()
T = {"t.target": unit(section="Unit")}
ETC, RUN = "/etc/systemd/system/", "/run/systemd/system/"
ALL = "list-unit-files --no-legend a* b* c* d* e* f* g.* i* j* k* l.* m.* n* o* p.* s.* t.* x* y* z*"

SCENARIOS: Dict[str, Scenario] = {
    "enable and disable": Scenario(
        {"a.service": WANTED, "b.service": unit("RequiredBy=multi-user.target\nUpheldBy=t.target"), "s.service": STATIC, **T},
        ["enable nope", "disable nope", "enable s", "disable s", "enable a", "enable a", "enable a s", "reenable a", "is-enabled a", "enable --runtime a",
         "is-enabled a", "disable a", "is-enabled a", "disable --runtime a", "disable a s", "enable b", "is-enabled b a s", "disable b", "enable a b", "enable nope a",
         "disable nope a", "enable a.service a", "reenable nope", "reenable a nope", "enable -q s", "enable --no-warn s", "enable --quiet a", "enable", "disable", "enable ''",
         "is-enabled", "is-enabled ''", "is-enabled a*", "enable a*", "is-enabled nope", "is-enabled nope a", "is-enabled s nope", "is-enabled -q a", "is-enabled -q s b",
         "disable a b", "enable --now a", "enable 'b c'", "enable x.nosuchtype", "disable --now a", "reenable --runtime a", "is-enabled a", "enable --force a", "list-unit-files a* b* s*"]),
    "mask": Scenario(
        {"a.service": WANTED, "b.service": WANTED, "v.service": "-> /dev/null", ETC + "e.service": WANTED, ETC + "empty.service": "", **T,
         "va.service": "-> a.service"},
        ["mask a", "mask a", "is-enabled a", "enable a", "disable a", "unmask a", "unmask a", "mask nope", "is-enabled nope", "unmask nope", "mask --runtime a",
         "is-enabled a", "unmask a", "enable a", "unmask --runtime a", "mask /x.service", "unmask /x.service", "mask a.foo", "unmask a.foo", "is-enabled v", "enable v", "mask v",
         "unmask v", "disable v", "enable v a", "is-enabled empty", "enable empty", "mask empty", "mask --force empty", "unmask empty", "mask e", "mask --force e", "unmask e",
         "mask a nope b", "unmask a nope b", "mask va", "is-enabled va a", "unmask va", "enable a", "mask a", "is-enabled a", "unmask a", "is-enabled a", "mask 'b c'", "unmask 'b c'", "mask t.target", "set-default t",
         "unmask t.target", "mask --now b", "reenable v", "preset v", "add-wants t.target v", "add-wants v a", ALL]),
    "aliases": Scenario(
        {"a.service": unit("Alias=a2.service a3.service\nWantedBy=t.target"), "b.service": unit("Alias=a2.service"), "c.service": unit("Alias=c.service"),
         "d.service": unit("Alias=d.socket"), "d2.service": unit("Alias=d@.service"), "d3.service": unit("Alias=bad name.service"), "d4.service": unit("Alias=%n"),
         "d5.service": unit("Alias=%Q.service"), "d6.service": unit("Alias=d7"), "d8.service": unit("Alias=/a/b.service"), "e.service": unit("Alias=t.target.wants/e.service"),
         "e2.service": unit("Alias=x/e.service"), "e3.service": unit("Alias=../e.service"), "va.service": "-> a.service", "vv.service": "-> va.service",
         "f.service": unit("Alias=%p-%H.service x-%n"), "x.slice": unit("Alias=y.slice", "Unit"), **T},
        ["enable a", "is-enabled a a2 a3", "enable a2", "disable a2", "disable a", "enable a2", "enable a", "enable b", "enable --force b", "is-enabled a b", "disable a", "disable b",
         *(f"{verb} {name}" for name in ("c", "d", "d2", "d3", "d4", "d5", "d6", "d8", "e", "e2", "e3", "f", "x.slice") for verb in ("enable", "is-enabled", "disable")),
         "is-enabled va vv", "enable va", "is-enabled va vv a", "disable vv", "mask va", "unmask va", "enable vv", "disable a", "preset va", "preset a", "reenable va", "reenable a", "reenable a2",
         "link /usr/lib/systemd/system/va.service", "revert va", "add-wants t.target va", "add-wants va.service b", "is-enabled b", ALL]),
    "links that lead nowhere": Scenario(
        {"a.service": WANTED, "dang.target": "-> none.target", ETC + "dl.target": "-> /opt/none.target", "bad.target": "-> bad.txt", "ty.target": "-> a.service", "in@x.target": "-> t.target", **T,
         ETC + "dangc.target": "-> none.target", ETC + "self.target": "-> self.target", "loop1.target": "-> loop2.target", "loop2.target": "-> loop1.target",
         "tt@.target": "-> t.target", "tp.target": "-> tx@.target", "tx@.target": unit("WantedBy=t.target", "Unit"), "ti@a.target": "-> tx@b.target", ETC + "ta@x.target": "-> /usr/lib/systemd/system/tx@.target",
         "dir.target/": "", "dl2.service": "-> /opt/none.service"},
        [*(f"{verb} {name}" for name in ("dang.target", "dl.target", "bad.target", "ty.target", "in@x.target", "dangc.target", "self.target", "loop1.target", "tt@.target", "tt@q.target", "tp.target", "ti@a.target",
                                          "ta@x.target", "dir.target", "dl2.service") for verb in ("is-enabled", "enable", "disable", "reenable", "preset", "add-wants t.target", "set-default", "mask", "unmask")), ALL]),
    "templates": Scenario(
        {"i@.service": unit("WantedBy=t.target"), "j@.service": unit("DefaultInstance=one\nWantedBy=t.target\nRequiredBy=%i.target\nUpheldBy=u@%i.target"),
         "k@.service": unit("DefaultInstance=one\nAlias=kk@.service"), "l@.service": unit("Alias=ll.service"), "m@.service": unit("Alias=mm@y.service"),
         "n.service": unit("Alias=nn@.service"), "n2.service": unit("Alias=nn@a.service"), "o.service": unit("WantedBy=w@.target"), "o@.service": unit("WantedBy=w@.target"),
         "o2@.service": unit("WantedBy=w@%i.target"), "p.service": unit("DefaultInstance=zz\nWantedBy=t.target"), "q@.service": unit("DefaultInstance=bad/inst\nWantedBy=t.target"),
         "q2@.service": unit("DefaultInstance=%p\nWantedBy=t.target"), "li@.service": "-> i@.service", "ll@z.service": "-> i@z.service", "sp@.service": WANTED, "sp@special.service": WANTED, **T},
        ["enable i@", "enable i@x", "is-enabled i@ i@x i@y", "disable i@", "enable i@x i@y", "disable i@x", "is-enabled i@", "disable i@", "enable j@", "is-enabled j@ j@one j@two", "enable j@two", "disable j@two",
         "reenable j@", "disable j@", "enable k@", "is-enabled kk@ k@ kk@x kk@one k@one", "disable k@", "enable k@x", "is-enabled kk@x k@x", "disable k@x", "disable kk@x", "enable l@", "enable l@x", "is-enabled ll l@x l@",
         "disable l@x", "enable m@x", "enable m@y", "is-enabled m@ m@y mm@y", "enable m@", "disable m@", "enable n", "enable n2", "enable o", "enable o@q", "enable o2@q", "enable o2@", "is-enabled o2@ o2@q o", "disable o2@",
         "enable p", "is-enabled p", "enable q@", "is-enabled q@", "disable q@", "enable q2@", "is-enabled q2@", "is-enabled li@ li@x", "enable li@x", "is-enabled li@x i@x", "disable li@x", "is-enabled ll@z", "enable ll@z",
         "is-enabled ll@z i@z", "disable ll@z", "enable sp@special", "is-enabled sp@special sp@other sp@", "disable sp@special", "mask i@x", "is-enabled i@x i@y i@", "enable i@x", "unmask i@x", "mask i@", "is-enabled i@x",
         "enable i@x", "unmask i@", "preset i@", "preset i@x", "preset j@", "add-wants t.target i@", "add-wants t.target i@x", "add-wants i@x.service p", "revert i@x", "set-default i@x.target", "link /usr/lib/systemd/system/i@.service", ALL]),
    "also": Scenario(
        {"a.service": unit("Also=b.service\nWantedBy=t.target"), "b.service": unit("Also=a.service\nWantedBy=t.target"), "c.service": unit("Also=nope.service\nWantedBy=t.target"), "d.service": unit("Also=a.service"),
         "e.service": unit("Also=s.service"), "s.service": STATIC, "m.service": "-> /dev/null", "f.service": unit("Also=m.service\nWantedBy=t.target"), "g@.service": unit("Also=%p@other.service h@%i.service\nWantedBy=t.target"),
         "h@.service": unit("WantedBy=t.target"), "i.service": unit("Also=bad$.service"), "j.service": unit("Also=a"), "k.service": unit("Also=g@.service"), "l.service": unit("Also=al.service"), "al.service": "-> a.service", **T},
        [*(f"{verb} {name}" for name in ("a", "b", "c", "d", "e", "f", "g@1", "i", "j", "k", "l") for verb in ("is-enabled", "enable", "is-enabled", "reenable", "disable", "is-enabled", "preset")), "enable a d e", "disable e d",
         "disable b", "add-wants t.target a", "disable a", ALL]),
    "what [Install] may hold": Scenario(
        {"a1.service": unit("WantedBy=x.target y.target t.target"), "a2.service": unit("WantedBy=nosuffix"), "a3.service": unit("WantedBy=bad name.target 'quoted t.target'"),
         "a4.service": unit("WantedBy=\nWantedBy=t.target\nWantedBy="), "a5.service": unit("WantedBy=t.target t.target"), "a6.service": unit("WantedBy=%Z.target t.target"), "a7.service": unit("wantedby=t.target"),
         "a8.service": unit("WantedBy=%%.target %H.target %m.target"), "a9.service": unit('WantedBy="t.target'), "b1.service": unit("WantedBy=t\\x2dx.target"),
         "b2.service": unit("Bogus=1\nWantedBy=t.target\n[Bogus]\nx=1\n[X-Mine]\ny=2"), "b3.service": "[Unit\nx\n", "b4.service": unit("X-Foo=1\nWantedBy=t.target"), "b5.service": unit("WantedBy=t.target \\\n  multi-user.target\n# c\n;d"),
         "b6.service": unit("WantedBy=%n.target %p.target %N.target"), "x.slice": unit("Alias=y.slice", "Unit"), "y.slice": unit("DefaultInstance=3\nWantedBy=t.target", "Unit"), **T},
        [*(f"{verb} {name}" for name in ("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2", "b3", "b4", "b5", "b6", "x.slice", "y.slice") for verb in ("is-enabled", "enable", "is-enabled", "enable", "disable", "preset", "disable")), ALL]),
    "drop-ins": Scenario(
        {"s.service": STATIC, ETC + "s.service.d/i.conf": "[Install]\nWantedBy=t.target\n", "service.d/i.conf": "[Install]\nRequiredBy=t.target\n", "i@.service": unit("WantedBy=t.target"),
         "i@.service.d/i.conf": "[Install]\nRequiredBy=t.target\n", "i@x.service.d/j.conf": "[Install]\nWantedBy=multi-user.target\n", "a.service": WANTED, ETC + "a.service.d/z.conf": "[Install]\nWantedBy=\n",
         "b-c.service": STATIC, "b-.service.d/i.conf": "[Install]\nWantedBy=t.target\n", "d.service": WANTED, "d.service.d/i.conf": "[Install]\nWantedBy=t.target\n", RUN + "d.service.d/i.conf": "-> /dev/null", **T},
        ["is-enabled s", "enable s", "is-enabled s", "disable s", "enable i@y", "enable i@x", "is-enabled a", "enable a", "is-enabled b-c", "enable b-c", "enable d", "disable d s a i@x", ALL]),
    "link": Scenario(
        {"/opt/l.service": unit("WantedBy=t.target\nAlias=la.service"), "/opt/a.service": WANTED, "/opt/two/l.service": STATIC, "/opt/dir.service/": "", "/opt/sl.service": "-> l.service", "/opt/t@.service": unit("WantedBy=t.target"),
         "/opt/d.service": "-> /dev/null", "/opt/e.service": "", "a.service": WANTED, ETC + "zz.service": WANTED, **T},
        ["link /opt/l.service", "is-enabled l la", "link /opt/l.service", "enable l", "is-enabled l la", "disable l", "is-enabled l", "enable /opt/l.service", "is-enabled l", "disable /opt/l.service", "link --runtime /opt/l.service",
         "is-enabled l", "enable l", "is-enabled l", "disable l", "disable --runtime l", "link l.service", "link /opt/none.service", "link /opt/", "link /opt/l.foo", "link /opt/dir.service", "link /opt/sl.service",
         "link /opt/d.service", "link /opt/e.service", "enable /opt/e.service", "enable /opt/d.service", "enable /opt/dir.service",
         "enable /opt/sl.service", "disable sl", "link /usr/lib/systemd/system/a.service", "is-enabled a", "enable a", "disable a", "!rm /etc/systemd/system/a.service", "link /opt/a.service", "enable /opt/a.service", "is-enabled a", "disable a",
         "enable /usr/lib/systemd/system/a.service", "enable /etc/systemd/system/zz.service", "link /etc/systemd/system/zz.service", "disable /etc/systemd/system/zz.service", "enable /etc/systemd/system/none.service",
         "is-enabled /opt/l.service", "mask /opt/l.service", "reenable /opt/l.service", "reenable l", "preset /opt/l.service", "link /opt/two/l.service", "link --force /opt/two/l.service", "enable l", "is-enabled l", "link /opt/t@.service",
         "enable /opt/t@x.service", "enable /opt/t@.service", "enable t@x", "is-enabled t@ t@x", "disable t@x", "revert l", "unmask l", "link /opt/l.service /opt/none.service", "mask l", "!mkdir /opt/l.service.d",
         "!write /opt/l.service.d/x.conf [Install]\\nWantedBy=multi-user.target", "reenable l", "add-wants t.target l", "add-wants t.target /opt/a.service", "link", ALL]),
    "generated and transient": Scenario(
        {"a.service": WANTED, "/run/systemd/generator/g.service": WANTED, "/run/systemd/transient/tr.service": WANTED, "/run/systemd/generator/gm.service": "-> /dev/null", "/run/systemd/generator.early/a.service": "-> /dev/null",
         "/run/systemd/generator.late/l.service": WANTED, "/run/systemd/generator/t.target.wants/w.service": "-> /usr/lib/systemd/system/w.service", "w.service": STATIC, "t.target.wants/v.service": "-> ../v.service", "v.service": WANTED,
         "i@.service": WANTED, "t.target.wants/i@x.service": "-> ../i@.service", RUN + "r.service": WANTED, RUN + "t.target.wants/u.service": "-> /usr/lib/systemd/system/u.service", "u.service": WANTED, **T},
        [*(f"{verb} {name}" for name in ("g", "tr", "gm", "a", "l", "w", "v", "i@x", "i@", "r", "u") for verb in ("is-enabled", "enable", "is-enabled", "disable", "mask", "is-enabled", "unmask", "mask --runtime", "unmask --runtime", "preset", "revert",
                                                                                                                  "add-wants t.target", "disable")), "set-default g", ALL]),
    "add-wants and add-requires": Scenario(
        {"a.service": WANTED, "s.service": STATIC, "i@.service": STATIC, "m.service": "-> /dev/null", "al.service": "-> a.service", "c.service": unit("Also=a.service\nAlias=c2.service"), **T},
        ["add-wants t.target a", "add-wants t.target a", "add-requires t.target a s", "is-enabled a s", "add-wants nope.target a", "add-wants t.target nope", "add-wants t.target", "add-wants a s", "disable a", "disable s", "add-wants t.target i@",
         "add-wants t.target i@x", "is-enabled i@x i@", "add-wants i@x.service a", "add-wants --runtime t.target a", "is-enabled a", "add-wants t a", "add-wants t.target m", "add-wants m.service a", "add-wants t.target al", "add-wants al.service s",
         "add-wants t.target c", "is-enabled c", "add-requires a.service a", "add-wants t.target nope a", "add-wants t.target a nope", ALL]),
    "default target": Scenario(
        {"a.service": STATIC, "m.target": "-> /dev/null", "tt.target": "-> t.target", ETC + "ttt.target": "-> tt.target", "x@.target": unit(section="Unit"), **T},
        ["!rm /usr/lib/systemd/system/default.target", "set-default t", "get-default", "set-default t.target", "set-default nope.target", "set-default a.service", "set-default a", "set-default --force multi-user", "get-default", "!rm /etc/systemd/system/default.target",
         "!ln /dev/null /etc/systemd/system/default.target", "get-default", "set-default t", "!ln t.target /usr/lib/systemd/system/default.target", "get-default", "set-default tt", "get-default", "set-default ttt", "get-default",
         "!rm /etc/systemd/system/default.target", "!cp /usr/lib/systemd/system/t.target /etc/systemd/system/default.target", "get-default", "set-default t", "set-default -f t", "set-default default.target", "set-default m", "set-default x@.target",
         "set-default x@y.target", "set-default", "set-default a b", "set-default ''", "set-default 'a*'", "set-default --runtime t", "!rm /etc/systemd/system/default.target", "set-default --runtime t", "get-default", "set-default multi-user", "-q set-default tt"]),
    "revert": Scenario(
        {"a.service": WANTED, "s.service": STATIC, ETC + "a.service": WANTED, ETC + "a.service.d/x.conf": "[Unit]\n", RUN + "a.service.d/z.conf": "[Unit]\n", "/etc/systemd/system.control/a.service.d/50-x.conf": "[Unit]\n",
         ETC + "s.service.d/": "", ETC + "only.service": WANTED, ETC + "only.service.d/x.conf": "[Unit]\n", "/opt/l.service": WANTED, ETC + "al.service": "-> /usr/lib/systemd/system/a.service", "/run/systemd/transient/tr.service": STATIC,
         "/run/systemd/transient/tr.service.d/x.conf": "[Unit]\n", "/run/systemd/generator/g.service": STATIC, ETC + "g.service": STATIC, "/run/systemd/system.control/s.service.d/c.conf": "[Unit]\n", "a.service.d/v.conf": "[Unit]\n", **T},
        ["revert a", "revert s", "revert only", "mask a", "revert a", "revert nope", "revert i@x", "enable a", "revert a", "link /opt/l.service", "enable l", "revert l", "mask s", "revert al", "revert s a", "revert tr", "revert g", "revert ''", "revert 'x y'",
         "revert /x", "revert"]),
    "presets": Scenario(
        {"a.service": WANTED, "b.service": unit("WantedBy=t.target"), "c.service": unit("WantedBy=t.target"), "i@.service": unit("DefaultInstance=d\nWantedBy=t.target"), "ign.service": unit("WantedBy=t.target"),
         "al.service": unit("WantedBy=t.target\nAlias=al2.service"), "m.service": "-> /dev/null", "aa.service": "-> a.service", "also.service": unit("Also=b.service"), "n@.service": unit("WantedBy=t.target"), "s.service": STATIC, **T,
         "/usr/lib/systemd/system-preset/10-x.preset": "# comment\n; comment\n  enable a.service\ndisable b.service\nenable i@.service one two\nignore ign.*\ngarbage c.service\nenable\tal.service\n",
         "/usr/lib/systemd/system-preset/90-y.preset": "enable b.service\ndisable *\n", "/etc/systemd/system-preset/notpreset.conf": "enable c.service\n"},
        [ALL, "preset a b c", "preset-all", "preset-all", ALL, "list-unit-files --state=enabled a* b* i*", "list-unit-files --state=masked,disabled a* b* i* m*", "disable a al", "preset s", "preset m", "preset nope", "preset s a", "preset aa",
         "preset i@", "preset i@x", "preset i@one", "preset i@three", "preset n@", "preset n@x", "preset ign", "preset also", "!ln /dev/null /etc/systemd/system-preset/10-x.preset", "preset-all", "preset-all --preset-mode=enable-only",
         "!rm /etc/systemd/system-preset/10-x.preset", "preset-all --runtime", "preset-all --preset-mode=disable-only", "preset-all --preset-mode=disable-only --runtime", "preset-all x", "preset --preset-mode=nope a", "disable a",
         "preset --preset-mode=enable-only a b", "enable b", "preset --preset-mode=disable-only a b", "preset --runtime a", "!write /etc/systemd/system-preset/10-x.preset disable a.service\\nenable b.*", "preset a b", "preset-all", ALL]),
    "no presets": Scenario({"a.service": WANTED, "s.service": STATIC, "i@.service": WANTED, "j@.service": unit("DefaultInstance=x\nWantedBy=t.target"), **T},
                           [ALL, "preset i@", "preset-all", "is-enabled a", ALL, "list-unit-files zzz", "list-unit-files a", "list-unit-files a.service s", "list-unit-files -q a.*", "list-unit-files -o json a.* s.*", "list-unit-files --type=target t.*",
                            "list-unit-files --state=enabled s.*", "list-unit-files zz*", "list-unit-files --full a.*", "list-unit-files --no-legend zz*"]),
    "global": Scenario(
        {"/usr/lib/systemd/user/a.service": unit("WantedBy=default.target"), "/etc/systemd/user/e.service": unit("WantedBy=default.target"), "/opt/l.service": unit("WantedBy=default.target"), "b.service": WANTED,
         "/usr/lib/systemd/user-preset/1.preset": "disable a.service\nenable *\n", "/usr/lib/systemd/user/s.service": STATIC},
        [*(f"--global {command}" for command in ("is-enabled a", "enable a", "is-enabled a e s b", "enable b", "disable a", "enable --runtime a", "is-enabled a", "disable --runtime a", "mask a", "is-enabled a", "unmask a", "link /opt/l.service", "enable l",
                                                 "is-enabled l", "disable l", "preset a e", "preset-all", "list-unit-files a* e* s.*", "get-default", "set-default a", "revert a", "add-wants default.target s", "reenable a", "disable a s"))]),
}


# ---- random ones -----------------------------------------------------------------------------------------------------

_NAMES = ("a.service", "b.service", "c.service", "t.target", "u.target", "i@.service", "j@.service", "p.path", "k.socket")
_WORDS = ("a", "b.service", "c", "t.target", "u.target", "i@", "i@x", "i@y", "j@", "j@x", "p.path", "k.socket", "a2", "b2.service", "i2@x", "nope", "l", "/opt/l.service",
          "/opt/m@.service", "m@z", "s")
_VERBS = ("enable", "enable", "enable", "disable", "disable", "reenable", "is-enabled", "is-enabled", "mask", "unmask", "mask", "preset", "link /opt/l.service", "link /opt/m@.service", "revert",
          "add-wants t.target", "add-requires u.target", "enable --runtime", "disable --runtime", "mask --runtime", "unmask --runtime", "enable --force", "preset-all", "set-default t.target", "get-default",
          "preset --preset-mode=enable-only", "preset --preset-mode=disable-only", "list-unit-files --no-legend a* b* c* i* j* k* l.* m@* p.* s.* t.* u.*")
_WHOLE = ("preset-all", "get-default")
_FOLDERS = ("", "", "", ETC, RUN, "/run/systemd/generator/", "/usr/local/lib/systemd/system/")


def _random_install(rng: Random, name: str) -> str:
    lines = []
    suffix = name[name.rfind("."):]
    for directive, values in (
            ("WantedBy", ("t.target", "u.target", "t.target u.target", "w@.target", "w@%i.target", "nope.target", "%p-x.target")),
            ("RequiredBy", ("t.target", "u.target")), ("UpheldBy", ("u.target",)), ("Also", ("a.service", "b.service", "i@x.service", "nope.service", "k.socket")),
            ("Alias", (f"a2{suffix}", f"b2{suffix}", f"i2@{suffix}", f"i2@x{suffix}", f"%p2{suffix}")), ("DefaultInstance", ("x", "y", "%p"))):
        if rng.random() < (0.6 if directive == "WantedBy" else 0.25):
            lines.append(f"{directive}={rng.choice(values)}")
    return "\n".join(lines)


def random_scenario(seed: int) -> Scenario:
    """Twelve units of all kinds, links between them, a preset file; forty commands."""
    rng = Random(seed)
    files: Dict[str, str] = {"/opt/l.service": unit(_random_install(rng, "l.service")), "/opt/m@.service": unit(_random_install(rng, "m@.service")), "s.service": STATIC}
    for name in _NAMES:
        for folder in {rng.choice(_FOLDERS) for _ in range(rng.choice((1, 1, 1, 2)))}:
            section = "Service" if name.endswith(".service") else "Unit"
            files[folder + name] = "-> /dev/null" if rng.random() < 0.06 else unit(_random_install(rng, name), section)
    for name, targets in (("a2.service", ("a.service", "b.service")), ("i2@.service", ("i@.service", "j@.service")), ("b2.service", ("a2.service", "/opt/l.service", "b.service")),
                          ("i2@x.service", ("i@.service", "i@x.service")), ("t.target.wants/s.service", ("../s.service",)), ("t.target.wants/i@y.service", ("../i@.service",))):
        if rng.random() < 0.3:
            folder = rng.choice(("", "", ETC))
            files[folder + name] = f"-> {rng.choice(targets)}"
    rules = [f"{rng.choice(('enable', 'disable', 'ignore'))} {rng.choice(('a*', 'b.service', '*.target', 'i@.service', '*', 'k.*'))}" for _ in range(rng.randrange(4))]
    if rng.random() < 0.3:
        rules.insert(0, "enable i@.service q r")
    files["/usr/lib/systemd/system-preset/50-r.preset"] = "\n".join(rules) + "\n"
    commands = []
    for _ in range(40):
        verb = rng.choice(_VERBS)
        words = [] if verb in _WHOLE or verb.startswith(("link", "list", "set-default")) else rng.choices(_WORDS, k=rng.choice((1, 1, 1, 2)))
        commands.append(" ".join((verb, *words)))
    return Scenario(files, commands)
