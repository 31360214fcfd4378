"""Preparing many volumes takes no more memory than preparing a few."""

import struct
import unittest

import program

WIDTH, SLICES = 256, 40
MANY = 60


def write_nifti(path, number):
    """A water cylinder in air as uncompressed NIfTI-1, int16, 1 x 1 x 3 mm; the first column tells the volumes apart."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, WIDTH, WIDTH, SLICES, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 3, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    struct.pack_into("<2h", header, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<4f", header, 280 + 16 * row, *(3 if row == column == 2 else row == column for column in range(4)))
    header[344:348] = b"n+1\0"
    plane = bytearray()
    for y in range(WIDTH):
        half = int(max(0, 100**2 - (y - WIDTH / 2) ** 2) ** 0.5)
        air = struct.pack("<h", -1000) * (WIDTH // 2 - half)
        plane += air + struct.pack("<h", 0) * (2 * half) + air
    volume = plane * SLICES
    for row in range(WIDTH * SLICES):
        struct.pack_into("<h", volume, 2 * WIDTH * row, number - 1000)
    path.write_bytes(header + volume)


class MemoryTest(program.ProgramTest):
    def peak(self, count):
        """Peak bytes of preparing the first `count` volumes, in shards of two volumes."""
        data = self.folder / f"data-{count}"
        data.mkdir()
        for number in range(count):
            write_nifti(data / f"p{number:03d}.nii", number)
        out = self.folder / f"out-{count}"
        result = program.run(
            ["prepare", "--out", str(out), "--set", f"prepare.input={data}", "--set", "prepare.shard_mb=16", "--set",
             "run.threads=2", "--set", "prepare.patch.cut=whole", "--set", "prepare.patch.width=256", "--set",
             "prepare.patch.height=256", "--set", "prepare.split.test_patients=0"])
        self.assertEqual(result.returncode, 0, result.stderr)
        stage = program.read_json(out / "manifest.json")["stages"]["prepare"]
        splits = stage["summary"]["splits"]
        self.assertEqual(sum(split["patches"] for split in splits.values()), count * SLICES)
        return stage["peak_memory_bytes"]

    def test_many_volumes_take_no_more_than_a_few(self):
        # Four are worked on at a time; it takes some more for all of them to be at their largest together.
        few, many = self.peak(12), self.peak(MANY)
        print(f"12 volumes: {few >> 20} MiB, {MANY} volumes: {many >> 20} MiB")
        self.assertLess(many, few + 8 * (WIDTH * WIDTH * SLICES * 3))  # the patches of eight, while 48 more were cut


if __name__ == "__main__":
    unittest.main()
