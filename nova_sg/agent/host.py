# SPDX-License-Identifier: Apache-2.0

"""What this machine is: CPUs, memory, disk and kernel, as a compute node."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import os
import pathlib
import platform
import re

from oslo_serialization import jsonutils
from oslo_utils import netutils

from nova_sg.inventory import base as inventory_base

HYPERVISOR_TYPE = 'host'

#: nova's word for a hypervisor that runs nothing.
SIMULATED_TYPE = 'fake'

KIB_PER_MIB = 1024
GIB = 1024**3

_PROC = pathlib.Path('/proc')


def describe(host: str, directory: str) -> inventory_base.ComputeNode:
    """Return what this machine has and uses now.

    The node has the name of the host: two agents of one machine under two
    names are two hosts for every reader.

    :param host: the name of this host in service records
    :param directory: a path on the disk that is reported; it need not exist
    """
    memory = _memory_mb()
    disk = os.statvfs(_existing(directory))
    return inventory_base.ComputeNode(
        host=host,
        hypervisor_hostname=host,
        hypervisor_type=HYPERVISOR_TYPE,
        hypervisor_version=kernel_version(platform.release()),
        host_ip=netutils.get_my_ipv4(),
        vcpus=os.cpu_count() or 1,
        memory_mb=memory['MemTotal'],
        memory_mb_used=memory['MemTotal'] - memory['MemAvailable'],
        local_gb=disk.f_blocks * disk.f_frsize // GIB,
        local_gb_used=(disk.f_blocks - disk.f_bfree) * disk.f_frsize // GIB,
        # Blocks kept for root are neither used nor to be had.
        disk_available_least=disk.f_bavail * disk.f_frsize // GIB,
        cpu_info=jsonutils.dumps(
            cpu_info(
                platform.machine(),
                (_PROC / 'cpuinfo').read_text(errors='replace'),
            )
        ),
    )


def simulate(
    machine: inventory_base.ComputeNode, hosts: Sequence[str]
) -> list[inventory_base.ComputeNode]:
    """Return nodes as large as this machine, and idle.

    :param machine: what :func:`describe` returned
    :param hosts: the names of the simulated hosts
    """
    return [
        dataclasses.replace(
            machine,
            host=host,
            hypervisor_hostname=host,
            hypervisor_type=SIMULATED_TYPE,
            memory_mb_used=0,
            local_gb_used=0,
            disk_available_least=machine.local_gb,
        )
        for host in hosts
    ]


def kernel_version(release: str) -> int:
    """Return a kernel release as nova counts hypervisor versions.

    :param release: as ``uname -r`` says: ``6.1.0-25-amd64``
    :returns: major * 1000000 + minor * 1000 + patch, 0 where it has no
        numbers
    """
    found = re.match(r'(\d+)(?:\.(\d+))?(?:\.(\d+))?', release)
    if found is None:
        return 0
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major * 1000000 + minor * 1000 + patch


def cpu_info(arch: str, cpuinfo: str) -> dict[str, object]:
    """Return what nova's drivers keep as ``cpu_info``.

    Fields which an architecture does not tell of are None, or empty.

    :param arch: as ``uname -m`` says
    :param cpuinfo: the text of ``/proc/cpuinfo``
    """
    cpus = [_fields(block) for block in cpuinfo.strip().split('\n\n')]
    first = cpus[0]
    cores = int(first.get('cpu cores', 1))
    sockets = {cpu['physical id'] for cpu in cpus if 'physical id' in cpu}
    flags = first.get('flags') or first.get('Features') or ''
    return {
        'arch': arch,
        'vendor': first.get('vendor_id') or first.get('CPU implementer'),
        'model': first.get('model name') or first.get('CPU part'),
        'topology': {
            'sockets': len(sockets) or len(cpus),
            'cores': cores,
            'threads': int(first.get('siblings', cores)) // cores or 1,
        },
        'features': sorted(flags.split()),
    }


def _fields(block: str) -> Mapping[str, str]:
    """Return the lines ``name : value`` of a block of ``/proc/cpuinfo``."""
    lines = (line.partition(':') for line in block.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _memory_mb() -> Mapping[str, int]:
    """Return the fields of ``/proc/meminfo`` in MiB."""
    fields = _fields((_PROC / 'meminfo').read_text())
    return {
        name: int(value.removesuffix('kB')) // KIB_PER_MIB
        for name, value in fields.items()
        if value.endswith('kB')
    }


def _existing(directory: str) -> pathlib.Path:
    """Return the nearest directory above which is there."""
    path = pathlib.Path(directory).absolute()
    while not path.exists():
        path = path.parent
    return path
