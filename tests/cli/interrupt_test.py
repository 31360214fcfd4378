"""SIGINT and SIGTERM: exit code 75 with everything done kept, and running again goes on to the same result."""

import re
import shutil
import signal
import time
import unittest

import program

TRAINING = ["train.steps=60", "train.autoencoder.steps=40", "train.checkpoint_every=1000"]


class InterruptTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.done("phantom", self.out)

    def interrupt(self, signal_, condition, stage, *settings):
        """Starts a stage, sends the signal when the condition holds, and expects 75."""
        process = program.start(program.command(stage, self.out, *settings))
        try:
            self.assertTrue(program.wait_until(condition, process), "the stage ended before it could be interrupted")
            process.send_signal(signal_)
            self.assertEqual(process.wait(timeout=60), 75)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(program.read_json(self.out / "manifest.json")["stages"][stage]["state"], "interrupted")
        self.assertEqual(program.leftovers(self.out), [])

    def test_training_goes_on_where_it_was_stopped(self):
        self.done("prepare", self.out)
        whole = self.folder / "whole"
        shutil.copytree(self.out, whole)
        self.done("train", whole, *TRAINING)

        def lines(phase):
            return lambda: sum(line["phase"] == phase for line in program.metrics(self.out)) >= 10

        begun = time.monotonic()
        self.interrupt(signal.SIGINT, lines("autoencoder"), "train", *TRAINING)
        stopped = program.newest(self.out / "checkpoints", "autoencoder")
        # No checkpoint was due: this one was made because of the signal.
        self.assertGreaterEqual(int(re.search(r"(\d+)\.safetensors", stopped.name).group(1)), 10)
        self.interrupt(signal.SIGTERM, lines("diffusion"), "train", *TRAINING)
        interrupted = program.read_json(self.out / "manifest.json")["stages"]["train"]["seconds"]
        self.done("train", self.out, *TRAINING)
        seconds = program.read_json(self.out / "manifest.json")["stages"]["train"]["seconds"]
        self.assertGreater(seconds, interrupted)
        self.assertLess(seconds, time.monotonic() - begun, "some of it was counted twice")
        self.assertEqual(program.differences(program.trained_state(self.out), program.trained_state(whole)), [])

    def test_preparing_and_sampling(self):
        many = ["phantom.patients=60"]
        self.done("phantom", self.out, *many)
        self.interrupt(signal.SIGTERM, (self.out / "data" / "inventory.json").exists, "prepare", *many)
        self.assertEqual(list((self.out / "data").glob("*.safetensors")), [])
        self.done("prepare", self.out, *many)
        training = ["train.steps=1", "train.autoencoder.steps=1"]
        self.done("train", self.out, *many, *training)
        settings = [*many, *training, "sample.count=700", "sample.batch=16"]
        self.interrupt(signal.SIGINT, (self.out / "samples" / "synthetic-00000.safetensors").exists, "sample", *settings)
        self.done("sample", self.out, *settings)
        self.assertEqual(program.read_json(self.out / "samples" / "samples.json")["settings"]["seed"], 0)


if __name__ == "__main__":
    unittest.main()
