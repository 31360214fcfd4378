"""SIGKILL at random moments of a whole run, and while checkpoints are written: what is run on afterwards ends bit-equal to
what was never killed, no more than a checkpoint interval's steps are repeated, and nothing is left lying about.

CTFORGE_KILLS (6) kills over all stages, CTFORGE_CHECKPOINT_KILLS (2) during the writing of checkpoints, at moments of
CTFORGE_KILL_SEED (1), CTFORGE_KILL_THREADS (1) threads. kill_run_slow_test.py has many more."""

import collections
import os
import random
import re
import shutil
import subprocess
import time
import unittest

import program

KILLS = int(os.environ.get("CTFORGE_KILLS", "6"))
CHECKPOINT_KILLS = int(os.environ.get("CTFORGE_CHECKPOINT_KILLS", "2"))
SEED = int(os.environ.get("CTFORGE_KILL_SEED", "1"))
KILLS_A_RUN = 10
EVERY = 4  # steps between checkpoints

RUN = [
    f"run.threads={os.environ.get('CTFORGE_KILL_THREADS', '1')}", "run.save_every_s=0", "train.log_every=1",
    f"train.checkpoint_every={EVERY}", "train.checkpoint_every_s=0", "sample.count=40",
]  # fmt: skip
# Checkpoints of megabytes, whose writing takes long enough to be hit.
LARGE = ["train.unet.channels=[96, 96]", "train.steps=24", "train.checkpoint_every=2", "train.checkpoint_every_s=0"]


class KillRunTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.moments = random.Random(SEED)
        self.key = self.folder / "key"
        self.key.write_bytes(bytes(range(32)))

    def start(self, out, *settings):
        self.log = open(self.folder / "log", "w+")
        self.addCleanup(self.log.close)
        command = program.command("run", out, f"prepare.key_file={self.key}", *settings)
        return subprocess.Popen([program.PROGRAM, *command], stdout=subprocess.DEVNULL, stderr=self.log)

    def finish(self, out, *settings):
        self.done("run", out, f"prepare.key_file={self.key}", *settings)

    def judge_kill(self, out):
        """Fails where more than an interval's steps of training are lost."""
        lines = program.metrics(out)
        if lines:
            phase = lines[-1]["phase"]
            prefix = "autoencoder" if phase == "autoencoder" else "generator"
            files = list((out / "checkpoints").glob(f"{prefix}-*.safetensors"))
            saved = int(re.search(r"(\d+)\.safetensors", max(files).name).group(1)) if files else 0
            self.assertLessEqual(lines[-1]["step"] - saved, EVERY)

    def patients_saved(self, out):
        """Of a prepare stage under way."""
        if program.stage_under_way(out) != "prepare":
            return 0
        parts = (out / "data" / "progress").glob("*.json")
        return sum(len(program.read_json(part)["patients"]) for part in parts)

    def test_at_random_moments(self):
        whole = self.folder / "whole"
        start = time.monotonic()
        self.finish(whole, *RUN)
        duration = time.monotonic() - start
        expected = program.whole_state(whole)
        hits, runs = collections.Counter(), 0
        while sum(hits.values()) < KILLS:
            out = self.folder / f"run{runs}"
            runs += 1
            saved = 0  # patients, where the last kill came while they were prepared
            for _ in range(min(KILLS_A_RUN, KILLS - sum(hits.values()))):
                process = self.start(out, *RUN)
                try:
                    process.wait(timeout=self.moments.uniform(0, 0.5 * duration))
                    saved = 0
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                process.wait()
                hits[program.stage_under_way(out)] += 1
                self.judge_kill(out)
                saved = self.patients_saved(out)
            result = program.run(program.command("run", out, f"prepare.key_file={self.key}", *RUN))
            self.expect(0, result)
            if saved:
                self.assertIn(f"goes on after {saved} of", result.stderr)
            with self.subTest(run=runs):
                self.assertEqual(program.differing(program.whole_state(out), expected), [])
                self.assertEqual(program.left_behind(out), [])
                self.assertEqual(program.run(["verify", str(out)]).returncode, 0)
            shutil.rmtree(out)
        print(f"\n{KILLS} kills in {runs} runs of {duration:.1f} s, {len(expected)} hashes equal: {dict(hits)}", flush=True)

    def test_while_a_checkpoint_is_written(self):
        settings = [*RUN, *LARGE]
        whole, out = self.folder / "whole", self.folder / "out"
        for stage in ("phantom", "prepare"):
            self.done(stage, out, f"prepare.key_file={self.key}", *settings)
        shutil.copytree(out, whole)
        self.done("train", whole, f"prepare.key_file={self.key}", *settings)
        expected = program.trained_state(whole)
        kills = tries = 0
        while kills < CHECKPOINT_KILLS:
            tries += 1
            self.assertLess(tries, 20 * CHECKPOINT_KILLS, f"only {kills} kills hit a checkpoint being written")
            trial = self.folder / "trial"
            if not trial.exists():
                shutil.copytree(out, trial)
            folder = trial / "checkpoints"
            process = program.start(program.command("train", trial, f"prepare.key_file={self.key}", *settings))
            after = time.monotonic() + self.moments.uniform(0, 3)

            def being_written():
                return time.monotonic() > after and folder.exists() and any(
                    name.startswith(".ctforge-part-") and "-generator-" in name for name in os.listdir(folder)
                )

            hit = program.wait_until(being_written, process, pause=0)
            process.kill()
            process.wait()
            if hit and program.leftovers(trial):  # else it was finished between the look and the kill
                kills += 1
            if kills % 5 == 0 or kills == CHECKPOINT_KILLS or not hit:
                self.done("train", trial, f"prepare.key_file={self.key}", *settings)
                self.assertEqual(program.differences(program.trained_state(trial), expected), [])
                self.assertEqual(program.left_behind(trial), [])
                shutil.rmtree(trial)
        print(f"\n{kills} kills while a checkpoint was written, in {tries} tries", flush=True)


if __name__ == "__main__":
    unittest.main()
