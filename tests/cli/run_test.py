"""The whole chain: what `ctforge run` leaves, that running it again does nothing, and that it stays off the network."""

import os
import re
import unittest
from pathlib import Path

import offline
import program

WEIGHTS = Path(__file__).parents[2] / ".deps" / "efficientnet-lite0-57934424.pth"


def snapshot(out):
    """Size and time of change of every file but the lock, which tells who is at work."""
    files = (path for path in Path(out).rglob("*") if path.is_file() and path.name != ".ctforge.lock")
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


class RunTest(program.ProgramTest):
    def run_all(self, *settings, **options):
        environment = dict(os.environ)
        if WEIGHTS.exists():
            environment.setdefault("CTFORGE_LITE0", str(WEIGHTS))
        return self.expect(0, program.run(program.command("run", self.folder / "out", *settings), env=environment, **options))

    def check_manifest(self, manifest):
        self.assertEqual(manifest["schema"], 1)
        self.assertEqual(set(manifest["ctforge"]), {"version", "commit", "libtorch"})
        self.assertEqual((manifest["seed"], manifest["threads"]), (5, 1))
        self.assertIn(manifest["device"], ("cpu", "cuda"))
        self.assertEqual(manifest["configuration"]["train"]["steps"], 12)
        self.assertEqual(manifest["configuration"]["sample"]["sampler"], "heun")  # a default
        self.assertEqual(list(manifest["stages"]), program.STAGES)
        for name, stage in manifest["stages"].items():
            self.assertEqual(stage["state"], "done", name)
            self.assertGreater(stage["seconds"], 0)
            self.assertGreater(stage["peak_memory_bytes"], 1e6)
            self.assertTrue(stage["outputs"], name)
            for file, output in stage["outputs"].items():
                self.assertEqual((self.folder / "out" / file).stat().st_size, output["bytes"], file)
                self.assertRegex(output["sha256"], "^[0-9a-f]{64}$")

    def check_report(self, report):
        self.assertEqual(report["schema"], 1)
        if WEIGHTS.exists() or "CTFORGE_LITE0" in os.environ:
            self.assertEqual(set(report["distances"]), {"fd_lite0"})
        for distance in report["distances"].values():
            self.assertLessEqual({"value", "floor", "interval", "n"}, set(distance["frechet"]))
        self.assertLessEqual({"value", "floor", "interval", "n"}, set(report["hu"]["wasserstein1_hu"]))
        arms = report["downstream"]["arms"]
        self.assertEqual(len(arms), 2)
        for arm in arms.values():
            for dice in arm["dice"].values():
                self.assertLessEqual({"mean", "interval", "n"}, set(dice))
        self.assertIn("difference", report["downstream"])
        self.assertEqual(list(report["manifest"]["stages"]), program.STAGES[:-1])

    def check_page(self, page):
        self.assertIn("<html", page)
        # One file: nothing that a browser would fetch from elsewhere.
        self.assertEqual(re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:|#)[^"'\s>]+|@import|url\((?!["']?data:)""", page), [])

    def test_from_nothing_to_a_report(self):
        out = self.folder / "out"
        self.run_all()
        self.check_manifest(program.read_json(out / "manifest.json"))
        self.check_report(program.read_json(out / "report.json"))
        self.check_page((out / "report.html").read_text())
        for name in ("distances", "nearest", "radiomics", "noise_power", "diversity", "quality", "downstream"):
            self.assertEqual(program.read_json(out / "evaluation" / f"{name}.json")["schema"], 1)
        for network, kind in (("autoencoder", "AutoencoderKL"), ("unet", "UNet2DModel")):
            self.assertEqual(program.read_json(out / "checkpoints" / network / "config.json")["_class_name"], kind)
        metadata, tensors = program.read_safetensors(out / "samples" / "synthetic-00000.safetensors")
        self.assertEqual((tensors["hu"][:2], metadata["synthetic"]), (("I16", (12, 32, 32)), "true"))
        self.assertEqual(program.leftovers(out), [])

        before = snapshot(out)
        again = self.run_all()
        self.assertEqual(again.stderr.count("already done"), len(program.STAGES), again.stderr)
        self.assertEqual(snapshot(out), before, "running a finished run again changed something")

        self.run_all("sample.count=14")  # what follows from the samples is made anew, the rest is not
        self.assertEqual(program.stages_done(out), program.STAGES)
        changed = {path.relative_to(out).parts[0] for path, state in snapshot(out).items() if before.get(path) != state}
        watched = {"events.jsonl", "progress.json", "tensorboard"}
        self.assertEqual(changed - watched, {"samples", "evaluation", "report.html", "report.json", "manifest.json"})

    @unittest.skipUnless(offline.works(), "this machine lets nobody forbid sockets")
    def test_no_socket_is_opened(self):
        self.run_all(preexec_fn=offline.go_offline)

    def test_dicom_cohort_by_single_commands(self):
        out = self.folder / "out"
        for stage in program.STAGES[:4]:
            self.done(stage, out, "phantom.format=dicom", "sample.format=nifti")
            self.assertEqual(program.stages_done(out)[-1], stage)
        self.assertEqual(len(list((out / "samples" / "nifti").glob("SYN-*.nii.gz"))), 24)  # a volume and a mask each


if __name__ == "__main__":
    unittest.main()
