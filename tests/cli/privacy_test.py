"""No name, number, date, UID, file name or folder name of the input is in anything that ctforge writes or says, also when
series are refused."""

import base64
import gzip
import re
import unittest

import marked
import program


def readable_forms(data):
    """The bytes, and what is in them when they are compressed or embedded in a page."""
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    for match in re.finditer(rb"base64,([A-Za-z0-9+/=]+)", data):
        yield base64.b64decode(match.group(1))


def encodings(mark):
    """A mark as it may be written: bytes, UTF-16 of either order, and base64 at any of three places in the text, of the mark
    as it stands, in capitals and with the first letter of each word in capitals."""
    for text in {mark, mark.upper(), mark.title()}:
        yield text.encode()
        for plain in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
            yield plain
            for before in range(3):
                # Characters that depend on what stands around the mark are left out.
                coded = base64.b64encode(b"\0" * before + plain)
                yield coded[(0, 2, 3)[before] : len(coded) - 4]


FORMS = {mark: sorted(set(encodings(mark))) for mark in marked.MARKS}


def marks_in(data, marks):
    found = set()
    for form in readable_forms(data):
        lower = form.lower()
        for mark in marks:
            if mark.encode() in lower or any(coded in form for coded in FORMS[mark]):
                found.add(mark)
    return found


class PrivacyTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        cohorts = []
        for format_ in ("dicom", "nifti"):
            self.done("phantom", self.folder / format_, f"phantom.format={format_}")
            cohorts.append(self.folder / format_ / "cohort")
        self.archive = self.folder / "archive"
        self.patients = marked.mark_cohort(cohorts, self.archive)
        self.out = self.folder / "out"
        self.said = ""

    def spoil(self):
        """One series of each kind that has to be refused, and files that are no CT."""
        bad = self.archive / marked.FOLDER.format(0)
        sorted(bad.iterdir())[2].unlink()
        volume = self.archive / (marked.NIFTI_NAME.format(1) + "_ct.nii.gz")
        volume.write_bytes(volume.read_bytes()[:2000])
        (self.archive / "marxbrunner letter.txt").write_text("Dear Hildegard")
        (self.archive / "marxbrunner.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"Marxbrunner^Hildegard")

    def call(self, code, arguments):
        result = self.expect(code, program.run(arguments))
        self.said += result.stdout + result.stderr
        return result

    def check_nothing_is_told(self, marks):
        self.assertEqual(marks_in(self.said.encode(), marks), set(), "on stdout or stderr:\n" + self.said)
        for path in self.out.rglob("*"):
            name = str(path.relative_to(self.out))
            self.assertEqual(marks_in(name.encode(), marks), set(), "in a file's name")
            if path.is_file():
                self.assertEqual(marks_in(path.read_bytes(), marks), set(), f"in {name}")

    def test_encoded_marks_would_be_found(self):
        self.assertGreaterEqual(len(marked.ATTRIBUTES) + len(marked.NESTED) + len(marked.PRIVATE), 40)
        for text in ("Marxbrunner", "marxbrunner", "MARXBRUNNER"):
            for coded in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
                for before in range(4):
                    whole = b"x" * before + coded + b" and more"
                    self.assertEqual(marks_in(whole, ["marxbrunner"]), {"marxbrunner"})
                    self.assertEqual(marks_in(b"." + base64.b64encode(whole), ["marxbrunner"]), {"marxbrunner"}, (text, before))

    def test_the_marks_would_be_found(self):
        found = set()
        for path in self.archive.rglob("*"):
            found |= marks_in(path.name.encode(), marked.MARKS)
            if path.is_file():
                found |= marks_in(path.read_bytes(), marked.MARKS)
        self.assertEqual(found, set(marked.MARKS))

    def test_run_on_an_archive_with_refused_series(self):
        self.spoil()
        stages = "run.stages=[prepare, train, sample, evaluate, report]"
        result = self.call(3, program.command("run", self.out, stages, f"prepare.input={self.archive}"))
        self.assertIn("done without 2 series that were refused", result.stderr)
        self.assertEqual(program.stages_done(self.out), program.STAGES[1:])
        accepted = [series["accepted"] for series in program.read_json(self.out / "data" / "inventory.json")["series"]]
        self.assertEqual((accepted.count(True), accepted.count(False)), (self.patients - 2, 2))
        # PatientName and PatientID begin with ../../: nothing is named after them.
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"archive", "dicom", "nifti", "out"})
        self.check_nothing_is_told(marked.MARKS)

    def test_inspect(self):
        self.spoil()
        pattern = ["--image", "*_ct.nii.gz", "--labels", "*_seg.nii.gz"]
        for options in ([], ["--json"], ["--decode"], ["--json", "--decode"]):
            self.call(3, ["inspect", str(self.archive), *pattern, *options])
        self.check_nothing_is_told(marked.MARKS)
        shown = self.expect(3, program.run(["inspect", str(self.archive), *pattern, "--paths"])).stdout
        self.assertEqual(marks_in(shown.encode(), ["quastenberg", "marxbrunner"]), {"quastenberg", "marxbrunner"})

    def test_errors(self):
        elsewhere = self.archive / "hildegard is not here"
        for code, settings in (
            (3, [f"prepare.input={elsewhere}"]),
            (3, [f"prepare.input={self.archive}", f"prepare.classes.table={elsewhere}.csv"]),
            (3, [f"prepare.input={self.archive}", "prepare.split.test_patients=999"]),
            (2, [f"prepare.input={self.archive}", f"prepare.key_file={elsewhere}"]),
        ):
            with self.subTest(settings=settings):
                self.call(code, program.command("prepare", self.out, *settings))
        self.check_nothing_is_told(marked.MARKS)

    def test_the_path_of_the_archive_is_not_told_either(self):
        named = self.archive.rename(self.folder / "Nachtigall")
        self.call(0, program.command("prepare", self.out, f"prepare.input={named}"))
        self.check_nothing_is_told(marked.MARKS)


if __name__ == "__main__":
    unittest.main()
