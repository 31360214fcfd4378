"""Exit code 3: data of which nothing can be made, or of which a part was refused."""

import gzip
import shutil
import unittest

import program


class DataTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def refused(self, stage, *settings):
        """Runs a stage that has to end with 3 and one line on stderr, which is returned."""
        result = self.expect(3, program.run(program.command(stage, self.out, *settings)))
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr

    def test_nothing_usable(self):
        empty = self.folder / "empty"
        empty.mkdir()
        (empty / "notes.txt").write_text("no CT here")
        self.assertIn("0 series", self.expect(3, program.run(["inspect", str(empty)])).stdout)
        result = self.expect(3, program.run(program.command("prepare", self.out, f"prepare.input={empty}")))
        self.assertIn("[nothing-usable]", result.stderr)
        self.assertEqual(program.stages_done(self.out), [])

    def test_the_good_series_are_prepared_and_the_bad_ones_named(self):
        self.done("phantom", self.out)
        cohort = self.out / "cohort"
        truncated = cohort / "SYN-0003_ct.nii.gz"
        truncated.write_bytes(truncated.read_bytes()[:3000])
        labels = gzip.decompress((cohort / "SYN-0004_seg.nii.gz").read_bytes())
        (cohort / "SYN-0004_seg.nii.gz").write_bytes(gzip.compress(labels[:-2000]))

        result = self.expect(3, program.run(program.command("prepare", self.out)))
        self.assertIn("done without 2 series that were refused", result.stderr)
        self.assertEqual(result.stderr.count("truncated-file"), 3)  # a line each and one in the sum
        self.assertEqual(program.stages_done(self.out), ["phantom", "prepare"])
        prepared = program.read_json(self.out / "data" / "prepare.json")
        self.assertEqual(sum(split["patients"] for split in prepared["splits"].values()), 8)
        self.assertEqual(prepared["refused"], {"truncated-file": 2})

        again = self.expect(3, program.run(program.command("prepare", self.out)))
        self.assertIn("prepare: already done", again.stderr)
        self.done("train", self.out, "train.steps=1", "train.autoencoder.steps=1")

    def test_a_stage_refuses_what_another_did_not_finish(self):
        for stage, needed in (("train", "prepare"), ("evaluate", "prepare"), ("sample", "")):
            with self.subTest(stage=stage):
                self.assertIn(needed, self.refused(stage))
        self.assertIn("run phantom first, or give prepare.input", self.refused("prepare"))
        self.done("phantom", self.out)
        self.done("prepare", self.out)
        shutil.copytree(self.out / "data", self.folder / "data")
        (self.out / "data" / "prepare.json").unlink()
        for stage in ("train", "sample", "evaluate"):
            with self.subTest(stage=stage):
                self.assertIn("run prepare first", self.refused(stage))
        self.out = self.folder / "other"  # data may be brought from another run's folder
        self.out.mkdir()
        shutil.move(self.folder / "data", self.out / "data")
        self.done("train", self.out, "train.steps=1", "train.autoencoder.steps=1")
        self.assertIn("run sample first", self.refused("evaluate"))

    def test_a_damaged_shard_or_manifest_is_named(self):
        self.done("phantom", self.out)
        self.done("prepare", self.out)
        shard = self.out / "data" / "train-00000.safetensors"
        shard.write_bytes(shard.read_bytes()[:-100])
        self.assertIn("[invalid-shard]", self.refused("train"))
        (self.out / "manifest.json").write_text("{")
        self.assertIn("manifest.json", self.refused("prepare"))


if __name__ == "__main__":
    unittest.main()
