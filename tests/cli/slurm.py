"""A private Slurm of one node: munged, slurmctld and slurmd as children of the test, on loopback, as the current user.

Two partitions: `low`, whose jobs are requeued for those of `high`. Debian's packages slurm-wlm and munge are enough."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldTimeout=60
SlurmdTimeout=300
KillWait=10
MinJobAge=3600
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=low Nodes={node} Default=YES MaxTime=60 State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=60
PartitionName=high Nodes={node} Default=NO MaxTime=60 State=UP PriorityTier=10 PreemptMode=OFF
"""


def missing():
    """Which of its programs are not on this machine."""
    return [name for name in (*DAEMONS, "sbatch") if shutil.which(name, path=PATH) is None]


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Slurm:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.node = socket.gethostname().split(".")[0]
        self.cpus = os.cpu_count()
        self.daemons = {}
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        self.configuration = self.folder / "slurm.conf"
        self.configuration.write_text(
            CONFIGURATION.format(
                node=self.node, user=user, folder=self.folder, cpus=self.cpus,
                controller_port=free_port(), node_port=free_port(),
            )
        )  # fmt: skip
        self.environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(self.configuration)}
        self.commands = {
            "munged": [
                "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                f"--seed-file={self.folder}/munged.seed",
            ],
            "slurmctld": ["slurmctld", "-D", "-f", str(self.configuration)],
            "slurmd": ["slurmd", "-D", "-f", str(self.configuration), "-N", self.node],
        }  # fmt: skip

    def start(self, *names):
        for name in names or DAEMONS:
            with open(self.folder / f"{name}.out", "ab") as log:
                # A session of its own: what a daemon starts must survive it.
                self.daemons[name] = subprocess.Popen(
                    self.commands[name], stdout=log, stderr=log, env=self.environment, start_new_session=True
                )
            if name == "munged":
                self.wait(lambda: (self.folder / "munge.socket").exists(), 30, "munged does not answer")
        self.wait(lambda: self.tell("sinfo", "-h", "-p", "low", "-o", "%T") in ("idle", "mixed", "allocated"), 120, "no node")

    def end(self, name, signal_):
        process = self.daemons.pop(name, None)
        if process is not None:
            process.send_signal(signal_)
            process.wait(timeout=60)

    def stop(self):
        subprocess.run(["scancel", "--full", f"--user={os.getuid()}"], env=self.environment, capture_output=True, timeout=60)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.tell("squeue", "-h", "-t", "RUNNING,COMPLETING", "-o", "%A"):
            time.sleep(0.5)
        for name in reversed(DAEMONS):
            self.end(name, signal.SIGTERM)

    def tell(self, *command):
        """What a command prints; empty when it fails, as while the controller is away."""
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        return result.stdout.strip() if result.returncode == 0 else ""

    def job(self, identifier):
        """The fields of `scontrol show job`."""
        return dict(word.split("=", 1) for word in self.tell("scontrol", "show", "job", identifier).split() if "=" in word)

    def wait(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}\n{self.log()}")
            time.sleep(0.1)

    def log(self):
        return "\n".join(f"{name}: {(self.folder / f'{name}.out').read_text()[-1500:]}" for name in DAEMONS[1:])
