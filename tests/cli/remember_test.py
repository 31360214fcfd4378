"""The release gate on trained generators: one that was made to memorise eight images, and one that saw two hundred
for as many steps."""

import unittest

import program

# Pixels of a small phantom, so that a network of seconds can remember what it saw.
SETTINGS = ("phantom.regions=[thorax]", "phantom.slices=4", "phantom.slice_mm=20", "prepare.split.test_patients=20",
            "prepare.split.validation_patients=0", "train.codec=identity", "train.batch=8", "train.warmup=50",
            "train.learning_rate=1e-3", "train.augment.probability=0", "train.unet.channels=[32,64]",
            "train.unet.attention=[0,0]", "train.checkpoint_every=500", "train.validate_every=500", "train.log_every=100",
            "sample.count=64", "sample.steps=18", "sample.batch=64", "evaluate.images=0", "evaluate.rounds=4",
            "evaluate.radiomics=false", "evaluate.noise_power=false", "evaluate.diversity=false",
            "evaluate.downstream.enabled=false")


class RememberTest(program.ProgramTest):
    def made(self, patients, steps):
        """A run whose generator learned from all but twenty patients of four images each."""
        out = self.folder / f"of_{patients}"
        for stage in ("phantom", "prepare", "train", "sample", "evaluate"):
            self.done(stage, out, *SETTINGS, f"phantom.patients={patients}", f"train.steps={steps}")
        return out

    def test_what_was_remembered_does_not_leave(self):
        remembering, learning = self.made(22, 2000), self.made(70, 2000)
        verdicts = {}
        for out in (remembering, learning):
            for file in ("samples/release.json", "evaluation/release.json"):
                verdicts[out, file] = verdict = program.read_json(out / file)
                print(out.name, file, verdict["state"], f"{verdict['share']:.3f}",
                      {name: found["copies"] for name, found in verdict["measures"].items()}, flush=True)
            print(out.name, program.read_json(out / "evaluation/nearest.json")["memorisation"], flush=True)
        for file in ("samples/release.json", "evaluation/release.json"):
            self.assertEqual(verdicts[remembering, file]["state"], "not releasable")
            self.assertGreater(verdicts[remembering, file]["share"], 0.5)
            self.assertLess(verdicts[learning, file]["share"], verdicts[remembering, file]["share"] / 4)
        # Filtering leaves the copies out.
        copies = set(verdicts[remembering, "evaluation/release.json"]["drop"])
        if len(copies) == 64:
            self.expect(3, program.run(["filter", "--out", str(remembering)]))
        else:
            self.expect(0, program.run(["filter", "--out", str(remembering)]))
            kept = program.read_json(remembering / "released/filter.json")
            self.assertEqual(kept["kept"], 64 - len(copies | {one for one in kept["labels"]}))


if __name__ == "__main__":
    unittest.main()
