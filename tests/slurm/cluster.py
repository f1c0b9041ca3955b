"""A SLURM of one node on this machine: installed from Debian's packages, heard on the loopback only, no accounting.

The node claims more processors than there may be, and a GPU that is /dev/null: what a job asks for, gets and sees is
SLURM's own doing, what the GPU would compute is not.
"""

import os
import platform
import shutil
import socket
import subprocess
import time
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")
MUNGE = Path("/run/munge")
MARK = "# Written by tests/slurm.\n"
CONSENT = "MMM_BUILDER_TEST_SLURM"
PARTITIONS = ("compute", "gpu")

COLUMNS = {
    "id": ("JobID", 20),
    "rule": ("Comment", 200),
    "state": ("State", 20),
    "memory": ("MinMemory", 20),
    "limit": ("TimeLimit", 20),
    "partition": ("Partition", 20),
    "cpus": ("NumCPUs", 20),
    "gpus": ("tres-per-job", 50),
    "gres": ("tres-per-node", 50),
    "folder": ("WorkDir", 500),
}
"""What is asked of squeue about a job: its name for it, and how wide it may get."""

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MinJobAge=86400
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmctldPidFile={state}/slurmctld.pid
SlurmctldLogFile={state}/slurmctld.log
StateSaveLocation={state}/slurmctld
SlurmdPidFile={state}/slurmd.pid
SlurmdLogFile={state}/slurmd.log
SlurmdSpoolDir={state}/slurmd
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:1 State=UNKNOWN
"""
GRES_CONF = "NodeName={host} Name=gpu Count=1 File=/dev/null\n"


def why_not() -> str | None:
    """Return why there can be no SLURM here, None if there can."""
    if not os.environ.get(CONSENT):
        return "installs SLURM and writes /etc/slurm: run by `make test-slurm` only"
    if os.geteuid() != 0:
        return "SLURM can't be installed: needs root"
    if not Path("/etc/debian_version").is_file() or shutil.which("apt-get") is None:
        return "SLURM can't be installed: this is no Debian with apt-get"
    configuration = CONFIGURATION / "slurm.conf"
    if configuration.is_file() and not configuration.read_text().startswith(MARK):
        return f"this machine belongs to a SLURM already ({configuration})"
    if answers("munge", "-n"):
        return "a munged of somebody else's is running on this machine"
    return None


def install() -> str | None:
    """Install what is missing; return why that failed, None if it didn't."""
    if all(shutil.which(program) for program in ("slurmctld", "slurmd", "munged", "sbatch")):
        return None
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ["apt-get", "install", "--yes", "--no-install-recommends", "slurm-wlm", "munge"]
    for command in (packages, ["apt-get", "update"], packages):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if command is packages and done.returncode == 0:
            return None
    return f"SLURM can't be installed: apt-get says {(done.stderr.strip().splitlines() or ['nothing'])[-1]}"


def start(state: Path, daemons: list[subprocess.Popen]) -> None:
    """Write the configuration and start all daemons, which `daemons` then holds; return once the node is idle."""
    host = platform.node().partition(".")[0]
    for folder in ("slurmctld", "slurmd"):
        (state / folder).mkdir(parents=True)
    partitions = "".join(
        f"PartitionName={name} Nodes={host} Default={'YES' if name == PARTITIONS[0] else 'NO'} MaxTime=INFINITE\n"
        for name in PARTITIONS
    )
    (CONFIGURATION / "slurm.conf").write_text(MARK + SLURM_CONF.format(host=host, state=state) + partitions)
    (CONFIGURATION / "gres.conf").write_text(MARK + GRES_CONF.format(host=host))
    MUNGE.mkdir(exist_ok=True)
    shutil.chown(MUNGE, "munge", "munge")
    for command in (
        ["runuser", "-u", "munge", "--", "munged", "--foreground"],
        ["slurmctld", "-D", "-c"],
        ["slurmd", "-D", "-N", host],
    ):
        daemons.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    wait_until(lambda: node_state(host) == "idle", 60, lambda: f"the node is {node_state(host)!r}, see {state}/*.log")
    return daemons


def stop(daemons: list[subprocess.Popen]) -> None:
    """End all daemons and take their configuration away; the packages stay."""
    subprocess.run(["scancel", "--user", "root"], capture_output=True)
    for daemon in reversed(daemons):
        daemon.terminate()
    for daemon in daemons:
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
    for name in ("slurm.conf", "gres.conf"):
        (CONFIGURATION / name).unlink(missing_ok=True)


def node_state(host: str) -> str:
    """Return what SLURM says of its node."""
    return output("sinfo", "--noheader", "--nodes", host, "--partition", PARTITIONS[0], "--format", "%t").strip()


def answers(*command: str) -> bool:
    """Tell whether a command is there and succeeds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def output(*command: str) -> str:
    """Return what a command prints, empty if it fails."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def jobs(run_folder: Path) -> list[dict[str, str]]:
    """Return all jobs that were submitted from a folder, the oldest first, by the names of COLUMNS."""
    form = ",".join(f"{name}:{width}|" for name, width in COLUMNS.values())
    lines = output("squeue", "--states=all", "--noheader", "--Format", form).splitlines()
    found = [dict(zip(COLUMNS, map(str.strip, line.split("|")), strict=False)) for line in lines]
    return sorted((job for job in found if Path(job["folder"]) == run_folder), key=lambda job: int(job["id"]))


def listeners() -> set[str]:
    """Return the addresses on which anything of SLURM listens, as IPv4 or IPv6 in hexadecimal."""
    ports = {f"{port:04X}" for port in (6817, 6818)}
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return {address.rpartition(":")[0] for _, address, _, state, *_ in lines
            if state == "0A" and address.rpartition(":")[2] in ports}  # fmt: skip


def wait_until(condition, seconds, what=lambda: "it didn't come about"):
    """Wait for a condition; fail with `what()` when the time is over."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, what()
        time.sleep(0.2)


LOOPBACK = {socket.inet_aton("127.0.0.1")[::-1].hex().upper()}
