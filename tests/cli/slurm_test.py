"""A run submitted to a real Slurm: from the first stage to the report, disturbed in every way that a cluster knows, it ends
as if nothing had happened. Skipped where Slurm is not installed."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import program
import slurm

PLAIN = ["cluster.gpus=0", "cluster.cpus=1", "cluster.partition=low", "cluster.train_time=00:30:00", "cluster.time=00:30:00"]
SECONDS = 900  # for anything; it takes seconds on an idle machine

# What depends on the clock, on how often a job was interrupted and on how many processes shared a stage: a checkpoint holds the
# time taken, the listing of the input the times of its files.
OF_THE_CLOCK = {
    "seconds", "peak_memory_bytes", "seconds_per_sample", "kept_from_before", "patches_per_second", "images_per_s", "elapsed_s",
    "checkpoint_sha256", "listing_hmac_sha256", "time", "memory_bytes", "processes",
}  # fmt: skip


def without_clock(value):
    if isinstance(value, dict):
        return {key: without_clock(entry) for key, entry in value.items() if key not in OF_THE_CLOCK}
    return [without_clock(entry) for entry in value] if isinstance(value, list) else value


def unequal(one, other, place=""):
    """Where two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [line for key in sorted({*one, *other}) for line in unequal(one.get(key), other.get(key), f"{place}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [line for i, pair in enumerate(zip(one, other)) for line in unequal(*pair, f"{place}[{i}]")]
    return [] if one == other else [f"{place}: {str(one)[:80]}, {str(other)[:80]}"]


def report_of(out):
    """report.json without the clock, and without hashes of files that hold times."""
    report = without_clock(program.read_json(out / "report.json"))
    for stage in report["manifest"]["stages"].values():
        stage["outputs"] = {name: "" for name in stage["outputs"]}
    return report


@unittest.skipIf(slurm.missing(), f"Slurm is not here: {' '.join(slurm.missing())} missing (Debian: slurm-wlm, munge)")
class SlurmTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "slurm").mkdir()
        self.slurm = slurm.Slurm(self.folder / "slurm" / "1")
        self.addCleanup(self.slurm.stop)
        self.slurm.start()
        (self.folder / "key").write_bytes(bytes(range(32)))
        self.settings = [*PLAIN, f"prepare.key_file={self.folder}/key"]

    def submit(self, out, *settings, options=()):
        return program.run([*program.command("submit", out, *self.settings, *settings), *options], env=self.slurm.environment)

    def jobs(self, out):
        return {job["name"]: job["id"] for job in program.read_json(out / "jobs" / "jobs.json")["jobs"]}

    def status(self, out, *options):
        return self.expect(0, program.run(["status", "--out", str(out), *options], env=self.slurm.environment)).stdout

    def log(self, out, name):
        return "".join(path.read_text() for path in sorted((out / "jobs" / "logs").glob(f"ctforge-{name}-*")))

    def wait(self, condition, what, out):
        def described():
            if any(state in self.slurm.tell("squeue", "-h", "-o", "%T") for state in ("SPECIAL_EXIT", "NODE_FAIL")):
                self.fail("Slurm gave a job up")
            return condition()

        try:
            self.slurm.wait(described, SECONDS, what)
        except AssertionError as error:
            queue = self.slurm.tell("squeue")
            logs = "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in (out / "jobs" / "logs").glob("*"))
            self.fail(f"{error}\n{queue}\n{logs}")

    def wait_for_end(self, out):
        self.wait(lambda: not self.slurm.tell("squeue", "-h", "-o", "%A") and self.slurm.tell("sinfo"), "jobs stay", out)
        states = {name: self.slurm.job(identifier)["JobState"] for name, identifier in self.jobs(out).items()}
        self.assertEqual(set(states.values()), {"COMPLETED"}, f"{states}\n{[self.log(out, name) for name in states]}")
        self.assertEqual(program.stages_done(out), program.STAGES)
        self.assertEqual(program.leftovers(out), [])

    def step(self, out):
        """Steps of the diffusion model so far."""
        return max([line["step"] for line in program.metrics(out) if line["phase"] == "diffusion"], default=0)

    def trained_steps(self):
        """As many steps as take about a minute here, so that there is time to disturb them."""
        out = self.folder / "measured"
        for stage in ("phantom", "prepare", "train"):
            self.done(stage, out, "train.steps=40", "train.autoencoder.steps=10")
        rates = [
            program.json.loads(line)["images_per_s"] / 4
            for line in (out / "metrics.jsonl").read_text().splitlines()
            if '"diffusion","kind":"train"' in line
        ]
        return max(200, min(3000, int(50 * sorted(rates)[len(rates) // 2])))

    def compare(self, out, whole):
        self.assertEqual(program.differences(program.trained_state(out), program.trained_state(whole)), [])
        for name in ("synthetic-00000.safetensors", "synthetic-00001.safetensors"):
            self.assertEqual((out / "samples" / name).read_bytes(), (whole / "samples" / name).read_bytes(), name)
        settings = [without_clock(program.read_json(folder / "samples" / "settings.json")) for folder in (out, whole)]
        self.assertEqual(*settings)
        self.assertEqual(unequal(report_of(out), report_of(whole)), [])

    def test_disturbed_and_undisturbed_runs_end_alike(self):
        steps = self.trained_steps()
        self.settings += [
            f"train.steps={steps}", "train.autoencoder.steps=40", "train.checkpoint_every=20", "sample.count=300",
            f"train.validate_every={steps // 2}",
        ]  # fmt: skip
        whole, out = self.folder / "whole", self.folder / "out and blank"
        self.expect(0, self.submit(whole))
        self.wait_for_end(whole)

        self.expect(0, self.submit(out))
        train = self.jobs(out)["train"]
        again = self.submit(out)
        self.expect(2, again)
        self.assertRegex(again.stderr, "still in the queue")
        for disturb in (self.preempt, self.requeue, self.restart_controller, self.hit_time_limit):
            before = self.step(out)
            self.wait(lambda: self.step(out) > before + 5, "training does not go on", out)
            disturb(out, train)
        self.assertEqual(self.restarts(train), 3, self.log(out, "train"))
        self.wait_for_end(out)
        self.compare(out, whole)
        self.assertEqual(set(re.findall(r"^(?:\S+ +)(\w+)", self.status(out), re.MULTILINE)), {"done"})
        self.assertIn("everything is done", self.expect(0, self.submit(out)).stdout)
        print(f"\n{steps} steps; {self.log(out, 'train').count('run the same command to go on')} interruptions", flush=True)

    def restarts(self, job):
        return int(self.slurm.job(job).get("Restarts", "-1"))

    def preempt(self, out, train):
        """A job of a higher priority that needs the whole node."""
        urgent = self.slurm.tell("sbatch", "--parsable", "--partition=high", "--exclusive", "--output=/dev/null", "--wrap=sleep 2")
        self.assertTrue(urgent)
        self.wait(lambda: "run the same command to go on" in self.log(out, "train"), "the grace time was not used", out)
        self.wait(lambda: self.slurm.job(urgent).get("JobState") == "COMPLETED", "the urgent job does not run", out)
        self.wait(lambda: self.restarts(train) == 1, "not requeued", out)

    def requeue(self, out, train):
        self.slurm.tell("scontrol", "requeue", train)
        self.wait(lambda: self.restarts(train) == 2, "not requeued", out)

    def restart_controller(self, out, train):
        self.slurm.end("slurmctld", signal.SIGTERM)
        self.slurm.start("slurmctld")

    def hit_time_limit(self, out, train):
        """A limit in two minutes, of which Slurm tells two minutes before; meanwhile slurmd is killed."""
        minutes = int(self.slurm.job(train)["RunTime"].split(":")[1]) + 2
        self.slurm.tell("scontrol", "update", f"JobId={train}", f"TimeLimit={minutes}")
        self.slurm.end("slurmd", signal.SIGKILL)
        self.slurm.start("slurmd")
        self.assertIn("train     running      ", self.status(out))
        self.wait(lambda: self.restarts(train) == 3, "not requeued at its time limit", out)
        self.slurm.tell("scontrol", "update", f"JobId={train}", "TimeLimit=30")

    def test_what_is_cancelled_stays_so_and_what_fails_ends_the_chain(self):
        out = self.folder / "out"
        self.settings += ["train.steps=100000"]
        self.expect(0, self.submit(out))
        jobs = self.jobs(out)
        self.wait(lambda: self.step(out) > 0, "training does not begin", out)
        self.slurm.tell("scancel", jobs["train"])
        self.wait(lambda: not self.slurm.tell("squeue", "-h", "-o", "%A"), "jobs stay", out)
        states = {name: self.slurm.job(identifier)["JobState"] for name, identifier in jobs.items()}
        self.assertEqual(states["prepare"], "COMPLETED")
        self.assertEqual({states[name] for name in ("train", "sample", "evaluate", "report")}, {"CANCELLED"})
        self.assertIn("train     interrupted  ", self.status(out))
        # Only what is not done is submitted again; it fails, and nothing waits for ever.
        (out / "checkpoints" / "learned_scans.json").unlink()
        shutil.rmtree(out / "checkpoints")
        (out / "checkpoints").write_text("no folder")
        self.expect(0, self.submit(out, "cluster.retries=0"))
        self.assertEqual(list(self.jobs(out)), ["train", "sample", "evaluate", "report"])
        self.wait(lambda: not self.slurm.tell("squeue", "-h", "-o", "%A"), "jobs stay", out)
        self.assertEqual(self.slurm.job(self.jobs(out)["train"])["JobState"], "FAILED")
        self.assertEqual(self.slurm.job(self.jobs(out)["report"])["JobState"], "CANCELLED")
        self.assertRegex(self.status(out), r"train     failed       exit code \d")

    def test_two_processes_and_parts_end_as_launched_processes_do(self):
        """The program itself: a training shared by two tasks of srun, samples and networks of the experiment by arrays."""
        if os.cpu_count() < 2:
            self.skipTest("two tasks need two CPUs")
        self.settings += ["sample.count=300", "cluster.processes=2", "cluster.sample_parts=2", "cluster.evaluate_parts=2"]
        whole, out = self.folder / "whole", self.folder / "out"
        self.expect(0, self.submit(out))
        self.wait_for_end(out)
        self.assertEqual(program.read_json(out / "manifest.json")["stages"]["train"]["state"], "done")
        self.assertNotIn("MASTER_", (out / "jobs" / "train.sbatch").read_text())
        self.expect(0, program.run(["launch", "-n", "2", *program.command("run", whole, *self.settings)]))
        self.compare(out, whole)

    def test_what_is_killed_goes_on_by_itself(self):
        """A stand-in for the program, of which train is killed, then fails with 1; sample fails with 2, which nobody repeats."""
        stand_in = self.folder / "stand-in"
        stand_in.write_text(KILLED)
        stand_in.chmod(0o755)
        out = self.folder / "out"
        program.run(program.command("phantom", out))
        program.run(program.command("prepare", out, *self.settings))
        quick = """cluster.setup=['sleep() { command sleep "$(($1 == 600 ? 600 : 1))"; }']"""
        self.settings += [f"cluster.program={stand_in}", "run.stages=[train, sample]", quick]
        self.expect(0, self.submit(out))
        self.wait(lambda: not self.slurm.tell("squeue", "-h", "-o", "%A") and self.slurm.tell("sinfo"), "jobs stay", out)
        self.assertEqual((out / "told").read_text().split(), ["train", "train", "train", "sample"])
        states = {name: self.slurm.job(identifier)["JobState"] for name, identifier in self.jobs(out).items()}
        self.assertEqual(states, {"train": "COMPLETED", "sample": "FAILED"}, self.log(out, "train"))
        self.assertIn("ended with 137; is tried again in 60 s, 1 of 2 times", self.log(out, "train"))
        self.assertIn("ended with 1; is tried again in 120 s, 2 of 2 times", self.log(out, "train"))
        self.assertEqual({path.name for path in (out / "jobs" / "exit").iterdir()}, {"train", "sample"})

    def test_processes_and_parts(self):
        """A stand-in for the program, which is interrupted once, in two processes of a step and in three of an array."""
        stand_in = self.folder / "stand-in"
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
        out = self.folder / "out"
        program.run(program.command("phantom", out))
        program.run(program.command("prepare", out, *self.settings))
        self.settings += [
            f"cluster.program={stand_in}", "cluster.sample_parts=3", "sample.count=700", "cluster.parts_at_once=2",
            f"cluster.processes={min(2, os.cpu_count())}", "run.stages=[train, sample]",
        ]  # fmt: skip
        self.expect(0, self.submit(out))
        self.wait(lambda: (out / "train-0").exists(), "training does not begin", out)
        train = self.jobs(out)["train"]
        self.slurm.tell("scancel", "--batch", "--signal=USR1", train)
        array = self.jobs(out)["sample"]
        self.wait(lambda: (out / "sample-3").exists(), "the third part does not begin", out)
        self.slurm.tell("scancel", "--batch", "--signal=USR1", f"{array}_3")
        self.wait(lambda: not self.slurm.tell("squeue", "-h", "-o", "%A"), "jobs stay", out)
        told = (out / "told").read_text().split("\n")
        # All that pipeline/cluster/ranks.cpp finds the others by, and no meeting point of the script's own.
        expected = [f"train {rank} {rank} of 2 2 on 1 {self.slurm.node} step {train} 0 meets " for rank in (0, 1)]
        restarted = [f"{line}after 1" for line in expected]
        self.assertEqual(sorted(line for line in told if line.startswith("train")), sorted(expected + restarted), told)
        self.assertEqual(
            sorted(line for line in told if line.startswith("sample")),
            ["sample ", "sample 1/3", "sample 2/3", "sample 3/3", "sample 3/3"],
        )
        states = {self.slurm.job(identifier)["JobState"] for identifier in self.jobs(out).values()}
        self.assertEqual(states, {"COMPLETED"})

    def test_dry_run_is_taken_by_sbatch(self):
        out = self.folder / "dry run"
        result = self.expect(0, self.submit(out, "cluster.sample_parts=2", "sample.count=600", "cluster.evaluate_parts=4",
                                            "cluster.mail=somebody@example.org", options=["--dry-run"]))  # fmt: skip
        self.assertFalse(out.exists())
        parts = re.split(r"==> (.+) <==\n", result.stdout)[1:]
        scripts = {name: text for name, text in zip(parts[::2], parts[1::2]) if name.endswith(".sbatch")}
        self.assertEqual(len(scripts), 8)
        for name, text in scripts.items():
            script = self.folder / name.split("/")[-1]
            script.write_text(text)
            tested = subprocess.run(["sbatch", "--test-only", script], env=self.slurm.environment, capture_output=True, text=True)
            self.assertEqual(tested.returncode, 0, tested.stderr)
            if shutil.which("shellcheck"):
                checked = subprocess.run(["shellcheck", script], capture_output=True, text=True)
                self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_what_slurm_refuses_leaves_nothing_behind(self):
        result = self.submit(self.folder / "out", "cluster.cpu_partition=low", "cluster.partition=none")
        self.expect(2, result)
        self.assertIn("invalid partition", result.stderr.lower())
        self.assertEqual(self.slurm.tell("squeue", "-h", "-o", "%A", "-t", "PENDING,RUNNING"), "")


STAND_IN = """#!/bin/bash
# train: two processes of a step; sample: parts. The first run of train and of part 3 waits to be interrupted.
while (($#)); do
  case $1 in
    --out) out=$2; shift ;;
    --part) part=$2; shift ;;
    train | sample) stage=$1 ;;
  esac
  shift
done
if [[ $stage == train ]]; then
  echo "train $SLURM_PROCID $SLURM_LOCALID of $SLURM_STEP_NUM_TASKS $SLURM_STEP_TASKS_PER_NODE on $SLURM_STEP_NUM_NODES" \
    "$SLURM_STEP_NODELIST step $SLURM_JOB_ID $SLURM_STEP_ID meets ${MASTER_ADDR-}${MASTER_PORT-}" \
    "${SLURM_RESTART_COUNT:+after $SLURM_RESTART_COUNT}" | sed 's/  / /' >>"$out/told"
  mark=$out/train-$SLURM_PROCID
else
  echo "sample ${part-}" >>"$out/told"
  mark=$out/sample-${part-finish}
  mark=${mark%/*}
  [[ ${part-} == 3/* ]] || exit 0
fi
if [[ -e $mark ]]; then exit 0; fi
trap 'exit 75' USR1
touch "$mark"
for _ in {1..3000}; do sleep 0.1; done
"""

KILLED = """#!/bin/bash
while (($#)); do
  case $1 in
    --out) out=$2; shift ;;
    train | sample) stage=$1 ;;
  esac
  shift
done
echo "$stage" >>"$out/told"
if [[ $stage == sample ]]; then exit 2; fi
case $(grep --count train "$out/told") in
  1) kill -9 $$ ;;
  2) exit 1 ;;
esac
"""


if __name__ == "__main__":
    unittest.main()
