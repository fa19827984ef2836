"""What a unit uses and may use: the properties of systemd.resource-control(5).

There is no cgroup of its own: what the processes use is summed up, what cannot be limited says so.
"""

from __future__ import annotations

from typing import Tuple

from fastinit.control.render.properties.forms import NOT_SET, yes_no
from fastinit.control.render.properties.rows import Row, Subject, const, resource
from fastinit.control.render.status import control_group
from fastinit.plan.states import Active
from fastinit.units import values as texts
from fastinit.units.implicit import slices_above
from fastinit.units.timespan import format_usec


def _bytes(text: str) -> str:
    return text if text == "infinity" else str(texts.parse_size(text))


def _truth(text: str) -> str:
    return yes_no(texts.parse_boolean(text))


def _weight(text: str) -> str:
    return "0" if text == "idle" else str(int(text))


def _delegate(text: str) -> str:
    """A list of controllers is a "yes", too."""
    try:
        return _truth(text)
    except ValueError:
        return "yes"


def _quota(text: str) -> str:
    return format_usec(texts.parse_permyriad(text, 1 << 40) * 100)


def _slice(subject: Subject) -> str:
    unit = subject.unit
    return unit.slice or ("system.slice" if subject.is_loaded and unit.type != "slice" else "")


def _control_group(subject: Subject) -> str:
    """The cgroup that systemd would have used, while there is something in it."""
    if subject.unit.type != "slice":
        return control_group(subject.record) if subject.processes() else ""
    if subject.record.active not in (Active.ACTIVE, Active.DEACTIVATING):
        return ""
    return "/" + "/".join(slices_above(subject.unit.name))


def _memory(subject: Subject) -> str:
    found = subject.processes()
    return str(sum(process.private_bytes for process in found)) if found else NOT_SET


def _cpu(subject: Subject) -> str:
    usec = subject.record.cpu_usec + sum(process.cpu_usec for process in subject.processes())
    return str(usec * 1000) if usec or subject.processes() else NOT_SET


def _tasks(subject: Subject) -> str:
    found = subject.processes()
    return str(sum(process.threads for process in found)) if found else NOT_SET


CGROUP_ROWS: Tuple[Row, ...] = (
    ("Slice", _slice),
    ("ControlGroup", _control_group),
    ("ControlGroupId", const("0")),
    ("MemoryCurrent", _memory),
    ("MemoryPeak", const(NOT_SET)),
    ("MemorySwapCurrent", const(NOT_SET)),
    ("MemorySwapPeak", const(NOT_SET)),
    ("MemoryZSwapCurrent", const(NOT_SET)),
    ("MemoryAvailable", const(NOT_SET)),
    ("EffectiveMemoryMax", const("infinity")),
    ("EffectiveMemoryHigh", const("infinity")),
    ("CPUUsageNSec", _cpu),
    ("TasksCurrent", _tasks),
    ("EffectiveTasksMax", const("infinity")),
    ("IPIngressBytes", const("[no data]")),
    ("IPIngressPackets", const("[no data]")),
    ("IPEgressBytes", const("[no data]")),
    ("IPEgressPackets", const("[no data]")),
    ("IOReadBytes", const(NOT_SET)),
    ("IOReadOperations", const(NOT_SET)),
    ("IOWriteBytes", const(NOT_SET)),
    ("IOWriteOperations", const(NOT_SET)),
    resource("Delegate", "no", _delegate),
    resource("CPUAccounting", "yes", _truth),
    resource("CPUWeight", NOT_SET, _weight),
    resource("StartupCPUWeight", NOT_SET, _weight),
    ("CPUShares", const(NOT_SET)),
    ("StartupCPUShares", const(NOT_SET)),
    resource("CPUQuotaPerSecUSec", "infinity", _quota, of="CPUQuota"),
    ("CPUQuotaPeriodUSec", const("infinity")),
    resource("IOAccounting", "no", _truth),
    resource("IOWeight", NOT_SET, _weight),
    resource("StartupIOWeight", NOT_SET, _weight),
    ("BlockIOAccounting", const("no")),
    ("BlockIOWeight", const(NOT_SET)),
    ("StartupBlockIOWeight", const(NOT_SET)),
    resource("MemoryAccounting", "yes", _truth),
    resource("DefaultMemoryLow", "0", _bytes),
    ("DefaultStartupMemoryLow", const("0")),
    resource("DefaultMemoryMin", "0", _bytes),
    resource("MemoryMin", "0", _bytes),
    resource("MemoryLow", "0", _bytes),
    resource("StartupMemoryLow", "0", _bytes),
    resource("MemoryHigh", "infinity", _bytes),
    resource("StartupMemoryHigh", "infinity", _bytes),
    resource("MemoryMax", "infinity", _bytes),
    resource("StartupMemoryMax", "infinity", _bytes),
    resource("MemorySwapMax", "infinity", _bytes),
    resource("StartupMemorySwapMax", "infinity", _bytes),
    resource("MemoryZSwapMax", "infinity", _bytes),
    ("StartupMemoryZSwapMax", const("infinity")),
    ("MemoryZSwapWriteback", const("yes")),
    resource("MemoryLimit", "infinity", _bytes),
    resource("DevicePolicy", "auto"),
    resource("TasksAccounting", "yes", _truth),
    resource("TasksMax", "infinity"),
    resource("IPAccounting", "no", _truth),
    ("ManagedOOMSwap", const("auto")),
    ("ManagedOOMMemoryPressure", const("auto")),
    ("ManagedOOMMemoryPressureLimit", const("0")),
    ("ManagedOOMMemoryPressureDurationUSec", const(NOT_SET)),
    ("ManagedOOMPreference", const("none")),
    ("MemoryPressureWatch", const("auto")),
    ("MemoryPressureThresholdUSec", const("200ms")),
    ("CoredumpReceive", const("no")),
)
