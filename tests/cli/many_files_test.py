"""A tree of 100,000 small DICOM files is listed within a minute, in bounded memory, faster on two threads than on one."""

import os
import resource
import struct
import time
import unittest

import marked
import program

SERIES, SLICES = 1000, 100
MOST_SECONDS, MOST_BYTES = 60, 1 << 30


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def write_series(folder, head, dataset, series):
    """SLICES files of one series, 1 mm apart; `dataset` as marked.elements() gives it, by tag."""
    folder.mkdir(parents=True)
    own = dict(dataset)
    own[(0x0020, 0x000E)] = (b"UI", f"2.25.7{series}".encode(), False)
    own[(0x0010, 0x0020)] = (b"LO", f"P{series // 2}".encode(), False)
    tags = sorted(own)
    parts = [marked.encoded(tag, *own[tag]) for tag in tags]
    object_, position = tags.index((0x0008, 0x0018)), tags.index((0x0020, 0x0032))
    for number in range(SLICES):
        parts[object_] = marked.encoded((0x0008, 0x0018), b"UI", f"2.25.8{series}.{number}".encode())
        parts[position] = marked.encoded((0x0020, 0x0032), b"DS", f"0\\0\\{number}".encode())
        (folder / f"I{number}").write_bytes(head + b"".join(parts))


class ManyFilesTest(program.ProgramTest):
    def seconds(self, threads):
        """Elapsed, and of processors."""
        begin, used = time.monotonic(), processor_seconds()
        shown = self.expect(0, program.run(["inspect", str(self.folder / "tree"), "--threads", str(threads)])).stdout
        elapsed, used = time.monotonic() - begin, processor_seconds() - used
        self.assertIn(f"{SERIES * SLICES} files: {SERIES} series, {SERIES} usable, 0 refused", shown)
        return elapsed, used

    def test_a_hundred_thousand_files(self):
        self.done("phantom", self.folder / "out", "phantom.format=dicom", "phantom.patients=1")
        data = next((self.folder / "out" / "cohort").rglob("CT*.dcm")).read_bytes()
        (meta_length,) = struct.unpack_from("<I", data, 140)
        head, body = data[: 144 + meta_length], data[144 + meta_length :]
        dataset = {tag: (vr, value, undefined) for tag, vr, value, undefined in marked.elements(body)}
        for series in range(SERIES):
            write_series(self.folder / "tree" / f"S{series // 50}" / f"E{series}", head, dataset, series)
        one, two = self.seconds(1), self.seconds(2)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        print(f"{SERIES * SLICES} files: {one[0]:.1f} s on one thread ({one[1]:.1f} s of processor), {two[0]:.1f} s on two "
              f"({two[1]:.1f} s); {peak >> 20} MiB; load {os.getloadavg()[0]:.1f}")
        self.assertLess(min(one[0], two[0]), MOST_SECONDS)
        self.assertLess(peak, MOST_BYTES)


if __name__ == "__main__":
    unittest.main()
