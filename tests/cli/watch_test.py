"""What a run tells while it goes on and after it was stopped: the report beside it, events, progress and Prometheus' file."""

import json
import signal
import unittest

import program

TRAINING = ["train.steps=100000", "train.autoencoder.steps=30", "train.checkpoint_every=20"]


class WatchTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.settings = [*TRAINING, f"run.prometheus={self.folder / 'run.prom'}", "run.name=night"]
        for stage in ("phantom", "prepare"):
            self.done(stage, self.out, *self.settings)

    def events(self, name):
        lines = [json.loads(line) for line in (self.out / "events.jsonl").read_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    def report(self):
        self.done("report", self.out, *self.settings)
        return (self.out / "report.html").read_text()

    def test_report_beside_a_training_and_after_its_end(self):
        process = program.start(program.command("train", self.out, *self.settings))
        try:
            diffusing = lambda: sum(line["phase"] == "diffusion" for line in program.metrics(self.out)) > 30  # noqa: E731
            self.assertTrue(program.wait_until(diffusing, process))
            manifest = (self.out / "manifest.json").read_bytes()
            page = self.report()
            self.assertIn("Under way: train", page)
            self.assertIn("of 100000", page)
            self.assertIn("<svg", page)  # the curves so far
            self.assertIn("not there yet", page)
            self.assertTrue(program.read_json(self.out / "report.json")["under_way"])
            self.assertEqual((self.out / "manifest.json").read_bytes(), manifest)
            # Everything else still needs the folder for itself.
            self.expect(2, program.run(program.command("sample", self.out, *self.settings)))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=60), 75)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(program.leftovers(self.out), [])
        self.assertIn("ctforge_exit_code{run=\"night\"} 75\n", (self.folder / "run.prom").read_text())
        state = program.read_json(self.out / "progress.json")
        self.assertEqual((state["stage"], state["state"], state["run"]), ("train", "interrupted", "night"))
        self.assertIn("interrupted; the same command goes on", self.report())
        # Without the run's settings it is a page and no stage: the manifest still tells how the run can be repeated.
        manifest = (self.out / "manifest.json").read_bytes()
        result = self.expect(0, program.run(["report", "--out", str(self.out)]))
        self.assertIn("not recorded", result.stderr)
        self.assertEqual((self.out / "manifest.json").read_bytes(), manifest)
        self.assertEqual([e["phase"] for e in self.events("phase_started")], ["autoencoder", "diffusion"])
        self.assertEqual(self.events("stage_interrupted")[0]["stage"], "train")
        last = self.events("checkpoint_written")[-1]
        self.assertEqual((last["phase"], last["step"]), ("diffusion", int(program.newest(self.out / "checkpoints", "generator").stem[-9:])))
        for line in (self.out / "metrics.jsonl").read_text().splitlines():
            figures = json.loads(line)
            self.assertLessEqual({"schema", "time", "phase", "kind", "step"}, set(figures))
            if figures["kind"] == "train":
                self.assertLessEqual({"loss", "gradient_norm", "learning_rate", "images_per_s", "memory_bytes", "peak_memory_bytes"}, set(figures))

    def test_a_killed_training_is_called_so(self):
        process = program.start(program.command("train", self.out, *self.settings))
        self.assertTrue(program.wait_until(lambda: len(program.metrics(self.out)) > 5, process))
        process.kill()
        process.wait()
        told = (self.folder / "run.prom").read_text()
        self.assertIn("ctforge_running{run=\"night\"} 1\n", told)
        self.assertNotIn("ctforge_exit_code", told)
        self.assertIn("stopped without a word", self.report())

    def test_tensorboard_can_be_left_out(self):
        self.done("train", self.out, "train.steps=2", "train.autoencoder.steps=2", "run.tensorboard=false")
        self.assertFalse((self.out / "tensorboard").exists())


if __name__ == "__main__":
    unittest.main()
