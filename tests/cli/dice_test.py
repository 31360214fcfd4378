"""The Dice experiment at two fractions of the training patients: made, resumed, shared out, verified, and refused where
something would leak."""

import csv
import signal
import unittest
from pathlib import Path

import program
from run_test import snapshot

SETTINGS = [
    "evaluate.downstream.fractions=[0.5, 1]",
    "evaluate.downstream.arms=[real, real_synthetic, oversampled]",
    "evaluate.downstream.learning_rates=[0.001, 0.01]",
    "evaluate.lite0=none",
]
# The arms' networks, of two candidates each, at two fractions.
CELLS = 2 * 3 * 2 * 2


def cells(out):
    return sorted(path.name for path in (Path(out) / "evaluation" / "cells").glob("segmenter-*.json"))


def result(out):
    return program.without_times(program.read_json(Path(out) / "evaluation" / "downstream.json"))


class DiceTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.settings = SETTINGS

    def run_all(self, *settings, code=0):
        return self.expect(code, program.run(program.command("run", self.out, *self.settings, *settings)))

    def interrupted_when(self, condition):
        """Starts the run, stops it when the condition holds, and expects 75."""
        process = program.start(program.command("run", self.out, *self.settings))
        try:
            self.assertTrue(program.wait_until(condition, process), "it ended before it could be interrupted")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=60), 75)
        finally:
            process.kill()
            process.wait()

    def check_result(self):
        downstream = result(self.out)["downstream"]
        self.assertEqual([f["train_patients"] for f in downstream["fractions"]], [3, 5])
        self.assertEqual(downstream["fractions"][1]["arms"], downstream["arms"])
        self.assertEqual(set(downstream["differences"]), {"real_synthetic", "oversampled"})
        self.assertEqual(len(downstream["saving"]), 2)
        for arm in downstream["arms"].values():
            self.assertEqual(sum(candidate["chosen"] for candidate in arm["candidates"]), 1)
            self.assertLessEqual({"mean", "interval", "n"}, set(arm["hausdorff95_mm"]["mean"]))
        with (self.out / "evaluation" / "downstream.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({(row["fraction"], row["patients"]) for row in rows}, {("0.5", "3"), ("1", "5")})
        self.assertIn("training patients", (self.out / "report.html").read_text())
        self.assertEqual(len(cells(self.out)), CELLS)

    def test_from_nothing_to_a_saving_and_nothing_twice(self):
        self.run_all()
        self.check_result()
        half = self.out / "fractions" / "0.5"
        self.assertEqual(program.stages_done(half), ["prepare", "train", "sample"])
        self.assertEqual((half / "patient.key").readlink(), Path("../../patient.key"))
        learned = program.read_json(half / "data" / "prepare.json")
        self.assertEqual((learned["splits"]["train"]["patients"], learned["patients_left_out"]), (3, 2))

        before = snapshot(self.out)
        again = self.run_all()
        self.assertEqual(again.stderr.count("already done"), len(program.STAGES), again.stderr)
        self.assertEqual(snapshot(self.out), before, "running a finished run again changed something")

        status = self.expect(0, program.run(["status", "-o", str(self.out)])).stdout
        self.assertRegex(status, r"fraction 0\.5\nprepare +done")
        verdict = self.expect(0, program.run(["verify", str(self.out)])).stdout
        self.assertIn("fraction 0.5: sample: holds", verdict)
        (half / "samples" / "samples.json").write_text("{}")
        self.assertIn("fraction 0.5: sample: does NOT hold", self.expect(3, program.run(["verify", str(self.out)])).stdout)

    def test_an_interrupted_experiment_goes_on(self):
        # Of one key, two runs split the patients alike.
        key = self.folder / "key"
        key.write_bytes(bytes(range(32)))
        self.settings = [*SETTINGS, f"prepare.key_file={key}"]
        whole = self.folder / "whole"
        self.expect(0, program.run(program.command("run", whole, *self.settings)))
        half = self.out / "fractions" / "0.5"
        self.interrupted_when((half / "checkpoints").exists)
        self.assertFalse((self.out / "evaluation" / "downstream.json").exists())
        self.interrupted_when(lambda: len(cells(self.out)) >= 3)
        kept = {name: (self.out / "evaluation" / "cells" / name).stat().st_mtime_ns for name in cells(self.out)}
        self.assertLess(len(kept), CELLS)
        self.run_all()
        self.assertEqual(program.stages_done(self.out), program.STAGES)
        for name, time in kept.items():
            self.assertEqual((self.out / "evaluation" / "cells" / name).stat().st_mtime_ns, time, name)
        self.assertEqual(result(self.out), result(whole))
        self.assertEqual(program.leftovers(self.out), [])

    def test_jobs_of_their_own(self):
        for stage in program.STAGES[:4]:
            self.done(stage, self.out, *self.settings)
        evaluate = program.command("evaluate", self.out, *self.settings)
        missing = self.expect(3, program.run([*evaluate, "--part", "1/2"]))
        self.assertIn("run --fraction 0.5 first", missing.stderr)
        for stage in ("prepare", "train"):
            self.expect(0, program.run([*program.command(stage, self.out, *self.settings), "--fraction", "0.5"]))
        sample = [*program.command("sample", self.out, *self.settings), "--fraction", "0.5"]
        self.expect(0, program.run([*sample, "--part", "1/2"]))
        self.expect(0, program.run(sample))
        for part in (1, 2):
            self.expect(0, program.run([*evaluate, "--part", f"{part}/2"]))
        self.assertEqual(len(cells(self.out)), CELLS)
        self.assertFalse((self.out / "evaluation" / "downstream.json").exists())
        before = snapshot(self.out / "evaluation" / "cells")
        self.expect(0, program.run(evaluate))
        self.assertEqual(snapshot(self.out / "evaluation" / "cells"), before)
        self.assertEqual(len(result(self.out)["downstream"]["fractions"]), 2)

    def test_what_would_leak_is_refused(self):
        refused = self.run_all("train.from=/somewhere", code=2)
        self.assertIn("train.from", refused.stderr)
        self.assertFalse(self.out.exists())
        self.expect(2, program.run(["train", "-o", str(self.out), "--fraction", "0.5"]))
        self.run_all("run.stages=[phantom, prepare, train, sample]")
        # A generator that was trained on another set than the half's, in a file of the same size.
        half = self.out / "fractions" / "0.5"
        self.expect(0, program.run([*program.command("run", self.out, *self.settings), "--fraction", "0.5"]))
        record = half / "samples" / "samples.json"
        trained_on = program.read_json(record)["train_sha256"]
        record.write_text(record.read_text().replace(trained_on, trained_on[::-1]))
        refused = self.expect(3, program.run(program.command("evaluate", self.out, *self.settings)))
        self.assertIn("trained on other data", refused.stderr)
        self.assertFalse((self.out / "evaluation" / "downstream.json").exists())


if __name__ == "__main__":
    unittest.main()
