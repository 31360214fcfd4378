"""SIGKILL at random moments of training, preparing and sampling: what is run on afterwards ends bit-equal to what was never
killed, and nothing half-made is taken for done.

CTFORGE_KILLS (20) is the number of trainings killed, CTFORGE_KILL_SEED (1) the seed of the moments, CTFORGE_KILL_THREADS (2)
the number of CPU threads."""

import collections
import os
import random
import shutil
import subprocess
import time
import unittest

import program

KILLS = int(os.environ.get("CTFORGE_KILLS", "20"))
SEED = int(os.environ.get("CTFORGE_KILL_SEED", "1"))
THREADS = int(os.environ.get("CTFORGE_KILL_THREADS", "2"))
OTHER_KILLS = max(2, KILLS // 3)

RUN = [f"run.threads={THREADS}"]
LARGER_COHORT = ["phantom.patients=24", "phantom.matrix=64", "phantom.slices=12", "phantom.slice_mm=12"]
TRAINING = [
    "train.steps=60", "train.checkpoint_every=5", "train.validate_every=30",
    "train.autoencoder.steps=40", "train.unet.dropout=0.1",
]  # fmt: skip
SAMPLES = ["sample.count=900", "sample.batch=32", "sample.steps=6"]
TOO_LATE = "after the end"


def progress_of_training(out):
    """How far a training that was killed had come, by what it left."""
    folder = out / "checkpoints"
    if any(line["phase"] == "diffusion" for line in program.metrics(out)):
        return "during diffusion"
    if (folder / "autoencoder").exists():
        return "between autoencoder and diffusion"
    if any(folder.glob("autoencoder-*.safetensors")):
        return "during autoencoder"
    return "before the first checkpoint"


def bytes_of(folder, *patterns):
    return {path.name: path.read_bytes() for pattern in patterns for path in folder.glob(pattern)}


class KillTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.moments = random.Random(SEED)

    def time(self, stage, out, *settings):
        """Runs a stage that is not killed; self.duration becomes the seconds it took."""
        start = time.monotonic()
        self.done(stage, out, *settings)
        self.duration = time.monotonic() - start

    def kill(self, stage, out, *settings):
        """Starts a stage and kills it at a moment drawn from [0, self.duration) seconds. Whether that left it unfinished."""
        process = program.start(program.command(stage, out, *settings))
        start = time.monotonic()
        try:
            process.wait(timeout=self.moments.uniform(0, self.duration))
            self.duration = min(self.duration, time.monotonic() - start)  # the machine has become faster
        except subprocess.TimeoutExpired:
            process.kill()
        ended_by_itself = process.wait() == 0
        finished = stage in program.stages_done(out)  # a kill may come after that, while the process ends
        self.assertTrue(finished or not ended_by_itself)
        return not finished

    def until(self, kills, hits):
        """0, 1, 2, ... until that many kills came before the stage's end."""
        for number in range(3 * kills):
            if sum(hits.values()) - hits[TOO_LATE] == kills:
                return
            yield number
        self.fail(f"too few kills came in time: {dict(hits)}")

    def trial(self, base, number):
        out = self.folder / f"trial{number}"
        shutil.copytree(base, out)
        return out

    def test_training(self):
        base = self.folder / "base"
        for stage in ("phantom", "prepare"):
            self.done(stage, base, *RUN)
        whole = self.trial(base, "-never-killed")
        settings = [*RUN, *TRAINING]
        self.time("train", whole, *settings)
        expected = program.trained_state(whole)
        hits = collections.Counter()
        for number in self.until(KILLS, hits):
            out = self.trial(base, number)
            unfinished = self.kill("train", out, *settings)
            hits[progress_of_training(out) if unfinished else TOO_LATE] += 1
            self.done("train", out, *settings)
            with self.subTest(kill=number):
                self.assertEqual(program.differences(program.trained_state(out), expected), [])
                self.assertEqual(program.leftovers(out), [])
            shutil.rmtree(out)
        tensors = sum(len(part) for part in expected.values() if isinstance(part, dict))
        print(f"\ntraining of {self.duration:.1f} s on {THREADS} threads, {tensors} tensors compared, {KILLS} kills: {dict(hits)}", flush=True)

    def test_preparing(self):
        base = self.folder / "base"
        settings = [*RUN, *LARGER_COHORT]
        self.done("phantom", base, *settings)
        key = self.folder / "key"
        key.write_bytes(bytes(range(32)))
        settings += [
            f"prepare.key_file={key}", "prepare.spacing_mm=[2, 2, 0]", "prepare.shard_mb=1",
            "prepare.patch.width=128", "prepare.patch.height=128",
        ]  # fmt: skip
        whole = self.trial(base, "-never-killed")
        self.time("prepare", whole, *settings)
        expected = bytes_of(whole / "data", "*")
        self.assertGreater(len(expected), 4)
        hits = collections.Counter()
        for number in self.until(OTHER_KILLS, hits):
            out = self.trial(base, number)
            unfinished = self.kill("prepare", out, *settings)
            hits[f"{len(list((out / 'data').glob('*.safetensors')))} shards" if unfinished else TOO_LATE] += 1
            if unfinished:  # the next stage does not take what is there for whole
                self.expect(3, program.run(program.command("train", out, *settings)))
            self.done("prepare", out, *settings)
            with self.subTest(kill=number):
                self.assertEqual(bytes_of(out / "data", "*"), expected)
                self.assertEqual(program.leftovers(out), [])
            shutil.rmtree(out)
        print(f"\npreparing of {self.duration:.1f} s, {OTHER_KILLS} kills: {dict(hits)}", flush=True)

    def test_sampling(self):
        base = self.folder / "base"
        short = [*RUN, "train.steps=2", "train.autoencoder.steps=2"]
        for stage in ("phantom", "prepare", "train"):
            self.done(stage, base, *short)
        settings = [*short, *SAMPLES]
        whole = self.trial(base, "-never-killed")
        self.time("sample", whole, *settings)
        compared = ("*.safetensors", "settings.json")
        expected = bytes_of(whole / "samples", *compared)
        hits = collections.Counter()
        for number in self.until(OTHER_KILLS, hits):
            out = self.trial(base, number)
            unfinished = self.kill("sample", out, *settings)
            hits[f"{len(list((out / 'samples').glob('*.safetensors')))} shards" if unfinished else TOO_LATE] += 1
            if unfinished:
                self.expect(3, program.run(program.command("evaluate", out, *settings)))
            self.done("sample", out, *settings)
            with self.subTest(kill=number):
                self.assertEqual(bytes_of(out / "samples", *compared), expected)
                self.assertEqual(program.leftovers(out), [])
            shutil.rmtree(out)
        print(f"\nsampling of {self.duration:.1f} s, {OTHER_KILLS} kills: {dict(hits)}", flush=True)


if __name__ == "__main__":
    unittest.main()
