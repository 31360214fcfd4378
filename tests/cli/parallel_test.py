"""Several processes: one training to rounding whatever their number, samples bit by bit, and nothing left hanging."""

import array
import math
import os
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

import program

TRAINING = ["train.unet.dropout=0.2", "train.label_dropout=0.2", "train.precision=fp32"]
CLOSE = 1e-3  # rounding in a few dozen steps


def launched(processes, arguments):
    return program.run(["launch", "-n", str(processes), *arguments])


def weights(out, prefix, kind="weights."):
    """Flat values of the newest checkpoint's weights by name."""
    tensors = program.read_safetensors(program.newest(Path(out) / "checkpoints", prefix))[1]
    return {name: array.array("f", data) for name, (_, _, data) in tensors.items() if name.startswith(kind)}


def distance(one, other):
    """Of all weights together, relative. Not one by one: Adam makes whole steps of gradients that are rounding alone,
    as those of keys' biases, which attention does not depend on."""
    assert one.keys() == other.keys() and one
    pairs = [(a, b) for name in one for a, b in zip(one[name], other[name])]
    return math.sqrt(sum((a - b) ** 2 for a, b in pairs) / sum(a * a for a, _ in pairs))


def children(process):
    try:
        return [int(p) for p in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class ParallelTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.done("phantom", self.out)
        self.done("prepare", self.out)

    def copy(self, name):
        shutil.copytree(self.out, self.folder / name)
        return self.folder / name

    def train(self, processes, out, *settings):
        arguments = program.command("train", out, *TRAINING, *settings)
        self.expect(0, launched(processes, arguments) if processes > 1 else program.run(arguments))

    def test_training_on_one_process_and_on_two(self):
        one, two = self.copy("one"), self.copy("two")
        self.train(1, one)
        self.train(2, two)
        for prefix in ("autoencoder", "generator"):
            self.assertLess(distance(weights(one, prefix), weights(two, prefix)), CLOSE)
        self.assertEqual(program.leftovers(two), [])
        for a, b in zip(program.metrics(one), program.metrics(two)):
            self.assertEqual((a["phase"], a["kind"], a["step"]), (b["phase"], b["kind"], b["step"]))
            self.assertAlmostEqual(a.get("loss", 0), b.get("loss", 0), delta=0.01)
        # The same again, bit by bit.
        again = self.copy("again")
        self.train(2, again)
        self.assertEqual(program.differences(program.trained_state(two), program.trained_state(again)), [])

    def test_training_goes_on_with_another_number_of_processes(self):
        whole = self.copy("whole")
        self.train(1, whole, "train.steps=24")
        for first, second in ((2, 1), (1, 2)):
            out = self.copy(f"{first}-{second}")
            self.train(first, out)
            self.train(second, out, "train.steps=24")
            self.assertLess(distance(weights(whole, "generator"), weights(out, "generator")), CLOSE)

    def test_bf16_accumulation_and_gradient_checkpointing(self):
        own = ["train.accumulate=2", "train.gradient_checkpointing=true"]
        one, two = self.copy("one"), self.copy("two")
        self.train(1, one, *own)
        self.train(2, two, *own)
        self.assertLess(distance(weights(one, "generator"), weights(two, "generator")), CLOSE)
        shutil.rmtree(two)
        two = self.copy("two")
        self.train(2, two, *own, "train.precision=bf16")
        self.assertEqual(program.newest(two / "checkpoints", "generator").name, "generator-000000012.safetensors")

    def samples(self, out, *arguments):
        shutil.rmtree(out / "samples", ignore_errors=True)
        self.expect(0, program.run(arguments))
        return {p.name: p.read_bytes() for p in sorted((out / "samples").glob("*.safetensors"))}

    def test_samples_are_the_same_bits(self):
        self.train(1, self.out)
        settings = ["sample.count=300", "sample.guidance=1.5", "sample.pairs=true"]
        command = program.command("sample", self.out, *settings)
        expected = self.samples(self.out, *command)
        self.assertEqual(len(expected), 4)
        for batch in (1, 7):
            self.assertEqual(self.samples(self.out, *command, "--set", f"sample.batch={batch}"), expected, batch)
        for processes, batch in ((2, 64), (3, 7)):
            arguments = ["launch", "-n", str(processes), *command, "--set", f"sample.batch={batch}"]
            self.assertEqual(self.samples(self.out, *arguments, "--threads", "0"), expected, processes)
        # Parts side by side, then whoever finishes; a part of what is done does nothing.
        shutil.rmtree(self.out / "samples")
        parts = [program.start([*command, "--part", f"{i}/2"]) for i in (1, 2)]
        self.assertEqual([part.wait(timeout=300) for part in parts], [0, 0])
        self.assertFalse((self.out / "samples" / "samples.json").exists())
        self.expect(0, program.run(command))
        self.assertEqual(program.read_json(self.out / "samples" / "samples.json")["kept_from_before"], 300)
        self.assertEqual({p.name: p.read_bytes() for p in (self.out / "samples").glob("*.safetensors")}, expected)
        self.assertIn("already done", self.expect(0, program.run([*command, "--part", "1/2"])).stderr)
        self.assertEqual(program.leftovers(self.out), [])

    def test_a_whole_run_and_its_evaluation(self):
        alone = self.copy("alone")
        for out in (alone, self.out):
            self.train(1, out)
        self.done("run", alone, *TRAINING)
        self.expect(0, launched(2, program.command("run", self.out, *TRAINING)))
        for name in ("distances", "nearest"):
            one, other = (program.read_json(out / "evaluation" / f"{name}.json") for out in (alone, self.out))
            self.assertEqual(one, other)
        differences = [
            program.read_json(out / "evaluation" / "downstream.json")["downstream"]["difference"]
            for out in (alone, self.out)
        ]
        self.assertEqual(*differences)
        self.assertEqual(program.stages_done(self.out), program.STAGES)
        self.assertEqual(program.read_json(self.out / "manifest.json")["processes"], 2)

    def start(self, *settings):
        arguments = program.command("train", self.out, "train.steps=100000", *settings)
        words = [program.PROGRAM, "launch", "-n", "2", *arguments]
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stderr.close()))
        trains = lambda: sum(line["phase"] == "diffusion" for line in program.metrics(self.out)) >= 5
        self.assertTrue(program.wait_until(trains, process, 200))
        return process

    def test_a_killed_process_ends_all_with_one_line(self):
        process = self.start()
        os.kill(children(process)[1], signal.SIGKILL)
        start = time.monotonic()
        self.assertEqual(process.wait(timeout=30), 1)
        self.assertLess(time.monotonic() - start, 20)
        said = process.stderr.read()
        self.assertNotIn("frame #", said)
        errors = [line for line in said.splitlines() if line.startswith(("ctforge:", "terminate"))]
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("process 1 of the 2 that were launched was killed by signal 9", errors[0])

    def test_a_process_that_hangs_ends_all_with_one_line(self):
        process = self.start()
        os.kill(children(process)[1], signal.SIGSTOP)
        self.assertEqual(process.wait(timeout=120), 1)
        errors = [line for line in process.stderr.read().splitlines() if line.startswith(("ctforge:", "terminate"))]
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("process 1 of the 2 that were launched gave no sign of life", errors[0])

    def test_a_suspended_training_goes_on(self):
        """As Slurm suspends a job: all stand still for longer than a process that gives no sign of life is waited for."""
        process = self.start()
        everyone = [process.pid, *children(process)]
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(40)
        for pid in everyone:
            os.kill(pid, signal.SIGCONT)
        steps = len(program.metrics(self.out))
        goes_on = program.wait_until(lambda: len(program.metrics(self.out)) > steps + 5, process, 120)
        self.assertTrue(goes_on, process.poll())
        time.sleep(10)  # the silence is judged each five seconds
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(timeout=60), 75)

    def test_a_signal_stops_all_at_a_checkpoint_and_a_killed_launcher_leaves_nobody(self):
        process = self.start()
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(timeout=60), 75)
        errors = [line for line in process.stderr.read().splitlines() if line.startswith("ctforge:")]
        self.assertEqual(len(errors), 1, errors)
        self.assertEqual(program.read_json(self.out / "manifest.json")["stages"]["train"]["state"], "interrupted")
        process = self.start()
        ranks = children(process)
        process.kill()
        end = time.monotonic() + 60
        while any(Path(f"/proc/{rank}").exists() for rank in ranks) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual([rank for rank in ranks if Path(f"/proc/{rank}").exists()], [])

    def test_what_cannot_be_shared_is_refused(self):
        def refused(*arguments):
            result = self.expect(2, program.run(["launch", "-n", "3", *arguments]))
            self.assertEqual(result.stderr.count("ctforge:"), 1, result.stderr)
            self.assertNotIn("frame #", result.stderr)
            return result.stderr

        self.assertIn("train.steps", refused(*program.command("train", self.out, "train.steps=0")))
        uneven = program.command("train", self.out, "train.autoencoder.batch=6")
        self.assertIn("multiple of the number of processes, 3", refused(*uneven))
        self.assertIn("for a single process", refused("sample", "-o", str(self.out), "--part", "1/2"))
        self.assertIn("for a single process", refused("sweep", "-o", str(self.out)))
        result = program.run(["sample", "-o", str(self.out), "--part", "3/2"])
        self.assertIn("--part", self.expect(2, result).stderr)


if __name__ == "__main__":
    unittest.main()
