"""The command line itself: version, help, and how wrong usage is reported."""

import pathlib
import re
import unittest

import program

ROOT = pathlib.Path(__file__).resolve().parents[2]


class UsageTest(program.ProgramTest):
    def test_version(self):
        result = self.expect(0, program.run(["--version"]))
        self.assertRegex(result.stdout, r"^ctforge \d+\.\d+\.\d+ \([0-9a-f-]+\w*, LibTorch \d+\.\d+\.\d+\)\n$")

    def test_help_of_every_command(self):
        general = self.expect(0, program.run(["--help"])).stdout
        self.assertIn("75 interrupted", general)
        for command in ["inspect", "structures", "run", "submit", *program.STAGES]:
            with self.subTest(command=command):
                self.assertIn(command, general)
                self.assertIn("--threads", self.expect(0, program.run([command, "--help"])).stdout)

    def test_help_tells_every_key_with_its_default(self):
        for stage, keys in {
            "phantom": ["phantom.patients = 24", 'phantom.format = "nifti"'],
            "train": ["train.steps = ", "train.batch = ", "train.learning_rate = ", "train.checkpoint_every = "],
            "sample": ["sample.count = ", "sample.sampler = ", "sample.grid = ", "sample.steps = ", "sample.guidance = "],
            "run": ["run.stages = ", "run.seed = 1"],
        }.items():
            text = program.run([stage, "--help"]).stdout
            for key in keys:
                self.assertIn(key, text)

    def test_wrong_usage_is_two(self):
        for arguments in ([], ["bake"], ["inspect"], ["train", "--no-such-option"], ["train", "--config"],
                          ["evaluate", "--real", "x.npy"]):
            with self.subTest(arguments=arguments):
                result = self.expect(2, program.run(arguments))
                self.assertTrue(result.stderr)

    def test_two_sets_are_compared_without_a_run(self):
        x, y = ROOT / "tests/oracle/numpy_stored.npz", ROOT / "tests/oracle/numpy_deflated.npz"
        command = ["evaluate", "--real", str(x), "--synthetic", str(y), "--out", str(self.folder / "out")]
        result = self.expect(0, program.run(command))
        self.assertRegex(result.stdout, r"frechet +-?\d")
        self.assertTrue((self.folder / "out" / "comparison.json").exists())
        command[4] = str(self.folder / "absent.npy")
        missing = self.expect(3, program.run(command))
        self.assertIn("[unreadable]", missing.stderr)
        self.assertNotIn("absent", missing.stderr)

    def test_all_faults_of_a_configuration_at_once(self):
        bad = self.folder / "bad.yaml"
        bad.write_text("run:\n  sed: 3\ntrain:\n  stepz: 100\n  batch: many\n  learning_rate: 7\n  batch: 3\nprepair: {}\n")
        result = self.expect(2, program.run(program.command("train", self.folder / "out", "sample.sampler=hun", config=bad)))
        for line in (
            "bad.yaml:2 run.sed: unknown key; did you mean 'run.seed'?",
            "bad.yaml:4 train.stepz: unknown key; did you mean 'train.steps'?",
            "bad.yaml:5 train.batch: expected a number, found 'many'",
            "bad.yaml:6 train.learning_rate: 7 is not between 0 and 1",
            "bad.yaml:7 train.batch: given twice (first at bad.yaml:5)",
            "bad.yaml:8 prepair: unknown key; did you mean 'prepare'?",
            "--set sample.sampler: 'hun' is not one of ddpm, ddim, euler, heun",
        ):
            with self.subTest(line=line):
                self.assertIn("ctforge: " + line, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 7, result.stderr)
        self.assertFalse((self.folder / "out").exists(), "something was done in spite of the faults")

    def test_a_configuration_that_is_not_there_is_two(self):
        result = self.expect(2, program.run(["train", "--config", str(self.folder / "none.yaml")]))
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_a_folder_in_use_is_refused(self):
        out = self.folder / "out"
        first = program.start(program.command("phantom", out, "phantom.patients=200"))
        try:
            self.assertTrue(program.wait_until((out / "cohort").exists, first))
            result = self.expect(2, program.run(program.command("prepare", out)))
            self.assertIn("another ctforge is working in this folder", result.stderr)
        finally:
            first.kill()
            first.wait()

    def test_errors_are_one_line_that_starts_with_the_programs_name(self):
        result = self.expect(3, program.run(program.command("train", self.folder / "out")))
        self.assertTrue(re.fullmatch(r"ctforge: .+\n", result.stderr), result.stderr)


if __name__ == "__main__":
    unittest.main()
