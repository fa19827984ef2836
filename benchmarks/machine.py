"""Which machine the figures are from: what a reader needs to compare, and nothing that names it.

Out: a flat dict of strings and numbers for the report and the JSON.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Dict, Union


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _virtual() -> bool:
    try:
        return "hypervisor" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def _memory_mib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _system() -> str:
    try:
        lines = dict(line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines())
    except OSError:
        return "unknown"
    return lines.get("PRETTY_NAME", "unknown").strip('"')


def describe() -> Dict[str, Union[str, int, float, bool]]:
    return {
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "architecture": platform.machine(),
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)),
        "virtual": _virtual(),
        "memory_mib": _memory_mib(),
        "system": _system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }
