"""Faults of the machine: rows 37 to 43 of docs/faults.md. A full disk, a limit on files, an output that nobody reads, a folder
that cannot be written to or is another run's, damaged checkpoints, and requests to stop at any moment."""

import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import time
import unittest

import program

TRAINING = ["train.steps=24", "train.autoencoder.steps=12", "train.checkpoint_every=4", "train.checkpoint_every_s=0"]
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]


def used_kb(folder):
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize // 1024


class FaultsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.key = self.folder / "key"
        self.key.write_bytes(bytes(range(32)))

    def settings(self, *more):
        return [f"prepare.key_file={self.key}", "run.save_every_s=0", *more]

    def finish(self, out, stage="run"):
        return self.done(stage, out, *self.settings())

    def mount(self, folder):
        """A small file system of its own; skips where that is not allowed."""
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=64m", "ctforge-test", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
            self.skipTest("mounting a file system needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)])

    def remount(self, folder, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    def test_a_full_disk(self):
        """Each stage on a disk with no room for its result: told in a line, nothing half-made left, and gone on with."""
        whole = self.folder / "whole"
        self.finish(whole)
        disk = self.folder / "disk"
        self.mount(disk)
        out = disk / "out"
        for stage in program.STAGES:
            for free in (4, 16, 48):  # kB
                with self.subTest(stage=stage, free=free):
                    self.remount(disk, f"size={used_kb(disk) + free}k")
                    result = program.run(program.command(stage, out, *self.settings()))
                    self.remount(disk, "size=64m")
                    if result.returncode != 0:
                        self.expect(1, result)
                        last = result.stderr.splitlines()[-1]
                        self.assertIn("No space left on device", last)
                        self.assertIn("make room and run the same command to go on", last)
                        self.assertEqual(program.leftovers(out), [])
                        self.assertNotIn(stage, program.stages_done(out))
                    if result.returncode == 0:
                        break
            self.finish(out, stage)
        self.assertEqual(program.differing(program.whole_state(out), program.whole_state(whole)), [])
        self.assertEqual(program.left_behind(out), [])

    def test_a_limit_on_the_size_of_files(self):
        whole, out = self.folder / "whole", self.folder / "out"
        self.finish(whole)
        for stage in ("phantom", "prepare"):
            self.finish(out, stage)

        def limited(size):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        # The autoencoder's checkpoints fit, the diffusion model's do not.
        smaller = program.newest(whole / "checkpoints", "autoencoder").stat().st_size
        larger = program.newest(whole / "checkpoints", "generator").stat().st_size
        result = program.run(
            program.command("train", out, *self.settings()), preexec_fn=limited(min(smaller, larger) + 20)
        )
        self.expect(1, result)
        self.assertIn("File too large", result.stderr.splitlines()[-1])
        self.assertIn("ulimit -f", result.stderr.splitlines()[-1])
        self.assertEqual(program.leftovers(out), [])
        self.finish(out)
        self.assertEqual(program.differing(program.whole_state(out), program.whole_state(whole)), [])

    def test_an_output_that_takes_nothing(self):
        out = self.folder / "out"
        self.finish(out, "phantom")
        for arguments in (["inspect", str(out / "cohort")], ["verify", str(out)]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([program.PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("could not be written", result.stderr)
        with open("/dev/full", "w") as full:  # a log on a full disk stops nobody
            command = [program.PROGRAM, *program.command("prepare", out, *self.settings())]
            self.assertEqual(subprocess.run(command, stdout=full, stderr=full).returncode, 0)

    def test_a_folder_that_cannot_be_written_to(self):
        out = self.folder / "disk"
        if os.geteuid() == 0:
            self.mount(out)
            self.finish(out, "phantom")
            self.remount(out, "ro")
        else:
            self.finish(out, "phantom")
            out.chmod(0o500)
            (out / ".ctforge.lock").chmod(0o400)
        result = self.expect(2, program.run(program.command("prepare", out, *self.settings())))
        self.assertIn("cannot be written to", result.stderr)
        self.assertEqual(program.run(["verify", str(out)]).returncode, 0)  # which only reads
        if os.geteuid() != 0:
            out.chmod(0o700)

    def test_two_runs_in_one_folder(self):
        out = self.folder / "out"
        for stage in ("phantom", "prepare"):
            self.finish(out, stage)
        settings = self.settings("train.steps=100000")
        process = program.start(program.command("train", out, *settings))
        try:
            self.assertTrue(program.wait_until(lambda: program.metrics(out), process))
            result = self.expect(2, program.run(program.command("train", out, *settings)))
            self.assertIn(f"process {process.pid} on {socket.gethostname()}", result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)
        finally:
            process.kill()
            process.wait()
        self.assertTrue((out / ".ctforge.lock").read_text())
        self.finish(out, "train")  # the lock of a dead process is nobody's

    def test_a_damaged_newest_checkpoint(self):
        whole, out = self.folder / "whole", self.folder / "out"
        for stage in ("phantom", "prepare"):
            self.finish(out, stage)
        shutil.copytree(out, whole)
        settings = self.settings(*TRAINING)
        self.done("train", whole, *settings)
        for phase, prefix in (("autoencoder", "autoencoder"), ("diffusion", "generator")):
            process = program.start(program.command("train", out, *settings))

            def steps_done():
                return sum(line["phase"] == phase and line["kind"] == "train" for line in program.metrics(out)) >= 10

            self.assertTrue(program.wait_until(steps_done, process))
            process.kill()
            process.wait()
            newest = program.newest(out / "checkpoints", prefix)
            data = bytearray(newest.read_bytes())
            data[-9] ^= 1  # in the last tensor: the file is well-formed
            newest.write_bytes(data)
            result = self.expect(3, program.run(["verify", str(out)]))
            self.assertIn(newest.name, result.stdout)
            if phase == "autoencoder":
                continue
            result = self.expect(0, program.run(program.command("train", out, *settings)))
            self.assertIn(f"checkpoint {newest.name} is damaged", result.stderr)
            self.assertIn("the one before it is used", result.stderr)
            told = program.read_json(out / "manifest.json")["stages"]["train"]["summary"]["diffusion"]
            self.assertIn(newest.name, told["damaged_checkpoints"][0])
        self.assertEqual(program.differences(program.trained_state(out), program.trained_state(whole)), [])
        self.assertEqual(program.run(["verify", str(out)]).returncode, 0)

    def test_requests_to_stop_at_any_moment(self):
        whole, out = self.folder / "whole", self.folder / "out"
        start = time.monotonic()
        self.finish(whole)
        duration = time.monotonic() - start
        moments, longest = random.Random(3), {}
        for number in range(12):
            process = program.start(program.command("run", out, *self.settings()))
            try:
                process.wait(timeout=1 + moments.uniform(0, 0.3 * duration))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(SIGNALS[number % len(SIGNALS)])
            asked = time.monotonic()
            code = process.wait(timeout=120)
            stage = program.stage_under_way(out)
            longest[stage] = max(longest.get(stage, 0), time.monotonic() - asked)
            # A signal that comes while the program is still being loaded ends it before it has begun anything.
            self.assertIn(code, (0, 75, -SIGNALS[number % len(SIGNALS)]))
            self.assertEqual(program.leftovers(out), [])
        self.finish(out)
        self.assertEqual(program.differing(program.whole_state(out), program.whole_state(whole)), [])
        self.assertEqual(program.left_behind(out), [])
        print("\nlongest from request to exit, s: " + ", ".join(f"{k} {v:.2f}" for k, v in longest.items()), flush=True)

    def test_verify_finds_what_was_changed(self):
        out = self.folder / "out"
        self.finish(out)
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        result = self.expect(0, program.run(["verify", str(out)]))
        self.assertEqual(result.stdout.count(": holds"), len(program.STAGES), result.stdout)
        self.assertEqual({path: path.stat().st_mtime_ns for path in out.rglob("*")}, before)
        shard = out / "samples" / "synthetic-00000.safetensors"
        data = bytearray(shard.read_bytes())
        data[-1] ^= 1
        shard.write_bytes(data)
        result = self.expect(3, program.run(["verify", str(out), "--json"]))
        told = json.loads(result.stdout)
        self.assertFalse(told["holds"])
        self.assertEqual(len(told["stages"]["sample"]["discrepancies"]), 1)
        self.assertEqual(len(told["stages"]["evaluate"]["discrepancies"]), 1)  # which compared other samples
        self.assertEqual(told["stages"]["train"]["discrepancies"], [])
        self.expect(3, program.run(["verify", str(self.folder)]))


if __name__ == "__main__":
    unittest.main()
