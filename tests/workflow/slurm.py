"""A SLURM that a test starts for itself: a controller and three nodes of this machine, two with GPUs, without systemd.

Everything lies in one folder with a short path and listens on ports of 127.0.0.1 that were free. A GPU is a name that
SLURM hands out (its device is /dev/null): SLURM counts it, keeps jobs apart and sets CUDA_VISIBLE_DEVICES.
"""

import getpass
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

NEEDED = ("slurmctld", "slurmd", "sbatch", "munged")
# What needs no GPU goes to c1 while there is room.
NODES = {"c1": "Weight=1", "g1": "Weight=9 Gres=gpu:1", "g2": "Weight=10 Gres=gpu:2"}
# Where nothing is asked for, jobs have one GPU between them.
PARTITIONS = {"main": "Nodes=c1,g1 Default=YES", "gpus": "Nodes=g1,g2"}
GPUS = {"g1": ["/dev/null"], "g2": ["/dev/null", "/dev/zero"]}
SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
PATIENCE = 300  # seconds for what takes a few on a quiet machine


def missing() -> list[str]:
    """The programs that a SLURM needs and this machine lacks."""
    return [name for name in NEEDED if not shutil.which(name, path=SEARCHED)]


def wait_for(what: Callable[[], object], meaning: str, seconds: float = PATIENCE):
    """The first true value of `what`, which is asked ten times a second; an `AssertionError` if none comes."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"after {seconds} s still not: {meaning}"
        time.sleep(0.1)
    return found


@dataclass
class Cluster:
    """Use it as a context: entered, all nodes are idle; left, no process of it is alive."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="slurm")))
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    def __enter__(self) -> "Cluster":
        try:
            self._configure()
            self._start("munged", *self._munge())
            wait_for((self.folder / "munge.socket").is_socket, "munged answers")
            self._start("slurmctld", "slurmctld", "-D", "-c", "-f", self._conf)
            for name in NODES:
                self.start_node(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        """End the jobs, the nodes, the controller and the rest, in this order."""
        for name in NODES:
            self.kill_node(name)
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this SLURM."""
        path = os.pathsep.join((str(self.folder / "bin"), SEARCHED))
        return {**os.environ, "PATH": path, "SLURM_CONF": self._conf}

    def ask(self, *words: str) -> str:
        """The answer of one of SLURM's commands."""
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs, oldest first, as `scontrol` tells of them: JobId, JobState, Comment, NodeList, StartTime, …"""
        lines = self.ask("scontrol", "--oneliner", "show", "job").splitlines()
        found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
        return sorted((job for job in found if "JobId" in job), key=lambda job: int(job["JobId"]))

    def of_rule(self, rule: str, *states: str) -> list[dict[str, str]]:
        """The jobs of a rule; states: those in one of them alone."""
        comment = re.compile(rf"rule_{rule}(_wildcards_.*)?")
        jobs = [job for job in self.jobs() if comment.fullmatch(job["Comment"])]
        return [job for job in jobs if not states or job["JobState"] in states]

    def start_node(self, name: str) -> None:
        """Start it, or start it again, and wait until it takes jobs."""
        # its working directory, which the keepers of jobs inherit, tells it from the other node
        self._start(name, "slurmd", "-D", "-c", "-N", name, "-f", self._conf, folder=name)
        wait_for(lambda: self.ask("sinfo", "-h", "-n", name, "-o", "%T").strip() in ("idle", "mixed"), f"{name} is up")

    def kill_node(self, name: str) -> None:
        """What a power cut does: its daemon and all that runs on it are gone at once; the controller is not told."""
        stopped: set[psutil.Process] = set()
        while found := {each for each in psutil.process_iter() if self._is_on(each, name)} - stopped:
            for process in found:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            stopped |= found
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if daemon := self.daemons.pop(name, None):
            daemon.wait()
        psutil.wait_procs(stopped, timeout=PATIENCE)

    # ------------------------------------------------------------------ inside

    @property
    def _conf(self) -> str:
        return str(self.folder / "slurm.conf")

    def _munge(self) -> list[str]:
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        return [
            "munged",
            "--foreground",
            *(f"--{option}={self.folder}/munge.{ending}" for option, ending in files.items()),
        ]

    def _start(self, name: str, *words: str, folder: str = ".") -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                words,
                cwd=self.folder / folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _is_on(self, process: psutil.Process, node: str) -> bool:
        """Whether a process is a node's daemon, a job's keeper there, or a job's: SLURM tells these where they are."""
        try:
            if process.cwd() == str(self.folder / node):
                return True
            environment = process.environ()
        except psutil.Error:
            return False
        return environment.get("SLURMD_NODENAME") == node and str(self.folder / "bin") in environment.get("PATH", "")

    def _configure(self) -> None:
        """slurm.conf, gres.conf, a key, and the `srun` that the plugin's inner step needs."""
        self.folder.chmod(0o755)  # munged refuses a folder that others cannot enter
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        controller, *ports = _free_ports(1 + len(NODES))
        host, user, folder = socket.gethostname(), getpass.getuser(), self.folder
        lines = {
            "ClusterName": "test",
            "SlurmctldHost": f"{host}(127.0.0.1)",
            "SlurmctldPort": controller,
            "SlurmUser": user,
            "SlurmdUser": user,
            "AuthType": "auth/munge",
            # a job that SLURM puts back into the queue waits as long as a credential holds: two minutes otherwise
            "AuthInfo": f"socket={folder}/munge.socket,cred_expire=10",
            "CredType": "cred/munge",
            "StateSaveLocation": f"{folder}/state",
            "SlurmdSpoolDir": f"{folder}/spool-%n",
            "SlurmctldPidFile": f"{folder}/slurmctld.pid",
            "SlurmdPidFile": f"{folder}/%n.pid",
            "SlurmctldLogFile": f"{folder}/slurmctld.log",
            "SlurmdLogFile": f"{folder}/%n.log",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "MpiDefault": "none",
            "SwitchType": "switch/none",
            "MailProg": "/bin/true",
            "SchedulerType": "sched/backfill",
            "SchedulerParameters": "sched_interval=2,bf_interval=2,batch_sched_delay=0",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "JobCompType": "jobcomp/filetxt",
            "JobCompLoc": f"{folder}/finished.log",
            "GresTypes": "gpu",
            "ReturnToService": 2,
            "SlurmdParameters": "config_overrides",  # more processors and memory than there are
            "SlurmdTimeout": 5,
            "MinJobAge": 3600,
            "KillWait": 2,
        }
        text = [f"{key}={value}" for key, value in lines.items()]
        for (name, more), port in zip(NODES.items(), ports, strict=True):
            where = f"NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            text.append(f"NodeName={name} {where} CPUs=8 RealMemory=64000 {more} State=UNKNOWN")
        text += [f"PartitionName={name} {what} MaxTime=INFINITE State=UP" for name, what in PARTITIONS.items()]
        Path(self._conf).write_text("\n".join(text) + "\n")
        devices = [f"NodeName={name} Name=gpu File={file}\n" for name, files in GPUS.items() for file in files]
        (self.folder / "gres.conf").write_text("".join(devices))
        for name in ("state", "bin", *NODES):
            (self.folder / name).mkdir()
        # The plugin takes SLURM_CONF from the inner step's environment; a real cluster has its file in /etc.
        self._program("srun", f'exec {shutil.which("srun", path=SEARCHED)} "$@"')
        # A controller that does not answer within ten seconds makes the plugin take `sacct`; without a database that
        # fails, and the plugin forgets its jobs. This one asks the queue for the run, whose name comes last.
        self._program(
            "sacct", "for run; do :; done\nexec squeue --states=all --noheader --format='%i|%T' --name \"$run\""
        )

    def _program(self, name: str, text: str) -> None:
        """A shell script that comes before SLURM's own program."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\nexport SLURM_CONF={self._conf}\n{text}\n")
        path.chmod(0o755)


def _free_ports(number: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
