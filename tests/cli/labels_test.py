"""Labels of a DICOM archive from its RTSTRUCT and SEG objects: their names listed, their voxels in the shards, and
nothing of what the user's file does not name in any output."""

import json
import shutil
import unittest
from pathlib import Path

import dicom_labels
import program

NAMES = "Leber: liver\n'hepar *': liver\nMilz: spleen\n'Milz (alt)': background\n"
PLANTED = "Tumour of Hildegard M."


class LabelsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.done("phantom", self.folder / "phantom", "phantom.format=dicom")
        self.archive = self.folder / "phantom" / "cohort"
        for path in [*self.archive.glob("*_seg.nii.gz"), *self.archive.glob("*_seg.dcm")]:
            path.unlink()
        series = [dicom_labels.read_series(path) for path in sorted(self.archive.iterdir()) if path.is_dir()]
        self.assertEqual(len(series), 10)
        for number, slices in enumerate(series[:4]):
            at = slices[2]
            dicom_labels.write_structure_set(self.archive / f"plan{number}.dcm", f"2.25.9{number}", {
                "Leber": [(at, 8, 9, 12, 13), (slices[3], 8, 9, 12, 13), (slices[3], 10, 11, 10, 11)],
                "Milz (alt)": [(at, 0, 0, 31, 31)],
                PLANTED: [(at, 0, 0, 31, 31)],
            })  # fmt: skip
        at = series[4][1]
        dicom_labels.write_segmentation(self.archive / "seg.dcm", "2.25.94", "MILZ", at, {(3, 4), (5, 6), (31, 31)})
        self.names = self.folder / "names.yaml"
        self.names.write_text(NAMES)
        self.out = self.folder / "out"

    def settings(self):
        return [
            f"prepare.input={self.archive}",
            f"prepare.structures={self.names}",
            'prepare.masks=""',
            "prepare.label_map=[]",
            "prepare.classes.from=none",
        ]

    def test_names_are_listed(self):
        result = self.expect(0, program.run(["structures", str(self.archive), "--json"]))
        self.assertEqual(
            {each["name"]: each["series"] for each in json.loads(result.stdout)["structures"]},
            {"Leber": 4, "Milz (alt)": 4, PLANTED: 4, "MILZ": 1},
        )
        self.assertIn("     4  Leber\n", self.expect(0, program.run(["structures", str(self.archive)])).stdout)

    def test_masks_come_into_the_shards(self):
        said = self.done("prepare", self.out, *self.settings()).stderr
        labelled, contoured = {}, {}
        for path in sorted((self.out / "data").glob("*.safetensors")):
            metadata, tensors = program.read_safetensors(path)
            self.assertEqual(json.loads(metadata["labels"]), ["background", "liver", "spleen"])
            contoured |= json.loads(metadata["contoured"])
            _, shape, masks = tensors["mask"]
            slices = memoryview(tensors["slice"][2]).cast("i")
            area = shape[1] * shape[2]
            for patch in range(shape[0]):
                mask = masks[patch * area : (patch + 1) * area]
                for label in (1, 2):
                    if mask.count(label):
                        labelled.setdefault((label, slices[patch]), []).append(mask.count(label))
        self.assertEqual(labelled, {(1, 2): [25] * 4, (1, 3): [24] * 4, (2, 1): [3]})
        self.assertEqual(sorted(contoured.values()), [[]] * 5 + [[1]] * 4 + [[2]])
        inventory = program.read_json(self.out / "data" / "inventory.json")
        self.assertEqual(inventory["skipped"]["DICOM structure set"], 4)
        self.assertEqual(inventory["skipped"]["DICOM segmentation"], 1)
        self.assertIn("5 of 10 series have no label map", said)
        for path in [*self.out.rglob("*")]:
            if path.is_file():
                self.assertNotIn(PLANTED.encode(), path.read_bytes(), path.name)
        self.assertNotIn(PLANTED, said)

    def test_two_structure_sets_for_one_organ_refuse_the_series(self):
        again = self.archive / "revised.dcm"
        again.write_bytes((self.archive / "plan0.dcm").read_bytes().replace(b"2.25.90", b"2.25.80"))
        result = self.expect(3, program.run(program.command("prepare", self.out, *self.settings())))
        self.assertIn("ambiguous-labels", result.stderr)
        self.assertIn("done without 1 series", result.stderr)

    def test_masks_and_structures_are_refused_together(self):
        settings = self.settings() + ["prepare.masks=*_seg.nii.gz"]
        result = self.expect(2, program.run(program.command("prepare", self.out, *settings)))
        self.assertIn("prepare.structures", result.stderr)
        both = ["inspect", str(self.archive), "--labels", "*", "--structures", str(self.names)]
        self.expect(2, program.run(both))

    def test_inspect(self):
        arguments = ["inspect", str(self.archive), "--structures", str(self.names), "--decode", "--json"]
        series = json.loads(self.expect(0, program.run(arguments)).stdout)["series"]
        self.assertEqual([each["label_map"] for each in series].count(True), 5)
        self.assertEqual(series[0]["label_voxels"]["1"], 49)


class OwnObjectsTest(program.ProgramTest):
    """What ctforge writes as SEG and RTSTRUCT comes back through its own readers, voxel by voxel."""

    def masks(self, out):
        """The masks of all shards, in an order of their own, and the names of the labels."""
        found, labels = [], None
        for path in sorted(Path(out).rglob("*.safetensors")):
            metadata, tensors = program.read_safetensors(path)
            if "mask" not in tensors:
                continue
            labels = json.loads(metadata["labels"])
            _, (count, height, width), masks = tensors["mask"]
            area = height * width
            found += [masks[i * area : (i + 1) * area] for i in range(count)]
        return sorted(found), labels

    def test_the_phantom_segmentation(self):
        cohort = self.folder / "phantom" / "cohort"
        self.done("phantom", self.folder / "phantom", "phantom.format=dicom")
        names = self.folder / "names.yaml"
        names.write_text("brain: brain\nlung: lung\nheart: heart\n")
        common = [f"prepare.input={cohort}", "prepare.classes.from=none"]
        self.done("prepare", self.folder / "nifti", *common)
        self.done("prepare", self.folder / "seg", *common, f"prepare.structures={names}", 'prepare.masks=""',
                  "prepare.label_map=[]")  # fmt: skip
        expected, labels = self.masks(self.folder / "nifti" / "data")
        self.assertEqual(len(expected), 60)
        self.assertTrue(all(any(mask.count(label) for mask in expected) for label in (2, 3)))
        self.assertTrue(self.masks(self.folder / "seg" / "data") == (expected, labels))

    def test_objects_of_samples(self):
        run = self.folder / "run"
        for stage in ("phantom", "prepare", "train", "sample"):
            self.done(stage, run, "sample.format=dicom", "sample.structure_set=true")
        expected, labels = self.masks(run / "samples")
        names = self.folder / "names.yaml"
        names.write_text("".join(f"{name}: {name}\n" for name in labels[1:]))
        for kept in ("seg", "rtstruct"):
            archive = self.folder / kept
            shutil.copytree(run / "samples" / "dicom", archive)
            other = {"seg": "rtstruct", "rtstruct": "seg"}[kept]
            for path in archive.glob(f"*_{other}.dcm"):
                path.unlink()
            self.done("prepare", self.folder / f"from_{kept}", f"prepare.input={archive}", "prepare.classes.from=none",
                      f"prepare.structures={names}", 'prepare.masks=""', "prepare.label_map=[]",
                      "prepare.min_slices=1")  # fmt: skip
            self.assertTrue(self.masks(self.folder / f"from_{kept}" / "data") == (expected, labels), kept)


if __name__ == "__main__":
    unittest.main()
