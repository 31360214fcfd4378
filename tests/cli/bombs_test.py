"""Files that claim or expand to gigabytes cost next to nothing: inspect --decode stays under 1 GiB and refuses them by name."""

import gzip
import re
import resource
import struct
import unittest
import zlib

import program

LIMIT = 1 << 30


def nifti(size, type_code=4, bits=16):
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *size, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, type_code, bits)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    struct.pack_into("<2h", header, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<4f", header, 280 + 16 * row, *(float(row == column) for column in range(4)))
    header[344:348] = b"n+1\0"
    return bytes(header)


def zeros_gzip(start, megabytes):
    """A gzip stream of `start` and that many MiB of zeros, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(start)]
    block = bytes(1 << 20)
    parts += [packer.compress(block) for _ in range(megabytes)]
    return b"".join(parts) + packer.flush()


def with_size(data, rows, columns):
    """A DICOM file as the phantom stage writes them, with another Rows and Columns."""
    for element, value in ((0x10, rows), (0x11, columns)):
        tag = struct.pack("<HH2sH", 0x0028, element, b"US", 2)
        at = data.index(tag) + len(tag)
        data = data[:at] + struct.pack("<H", value) + data[at + 2 :]
    return data


def in_syntax(data, uid):
    """Likewise, said to be in another transfer syntax, whose UID has 22 characters."""
    syntax = b"1.2.840.10008.1.2.1\0"
    at = data.index(syntax)
    data = data[: at - 2] + struct.pack("<H", 22) + uid + data[at + len(syntax) :]
    (meta_length,) = struct.unpack_from("<I", data, 140)
    return data[:140] + struct.pack("<I", meta_length + 2) + data[144:]


def split(data):
    """File meta information, the data set before PixelData, and PixelData."""
    (meta_length,) = struct.unpack_from("<I", data, 140)
    pixels = data.rindex(struct.pack("<HH", 0x7FE0, 0x0010))
    return data[: 144 + meta_length], data[144 + meta_length : pixels], data[pixels:]


def nested(data, depth):
    """Likewise, with sequences within one another before its PixelData."""
    meta, head, pixels = split(data)
    sequence = struct.pack("<HH2sHI", 0x7FDF, 0x1010, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return meta + head + sequence * depth + pixels


def deflated(data, megabytes):
    """Likewise, deflated, with a private value of that many MiB of zeros before its PixelData."""
    meta, head, pixels = split(in_syntax(data, b"1.2.840.10008.1.2.1.99"))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [packer.compress(head + struct.pack("<HH2sHI", 0x7FDF, 0x1010, b"OB", 0, megabytes << 20))]
    block = bytes(1 << 20)
    parts += [packer.compress(block) for _ in range(megabytes)]
    packed = b"".join(parts) + packer.compress(pixels) + packer.flush()
    return meta + packed + bytes(len(packed) % 2)


def as_jpeg2000(data, rows, columns):
    """Likewise, as JPEG 2000 whose codestream claims that size and holds nothing."""
    data = in_syntax(with_size(data, rows, columns), b"1.2.840.10008.1.2.4.90")
    siz = b"\xff\x4f\xff\x51" + struct.pack(">HH8IH3B", 41, 0, columns, rows, 0, 0, columns, rows, 0, 0, 1, 15, 1, 1)
    stream = siz + b"\0" * 7 + b"\xff\xd9"
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    pixels += struct.pack("<HHI", 0xFFFE, 0xE000, len(stream)) + stream + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return data[: data.rindex(struct.pack("<HH", 0x7FE0, 0x0010))] + pixels


class BombsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.done("phantom", self.folder / "out", "phantom.format=dicom", "phantom.patients=1")
        self.slice = next((self.folder / "out" / "cohort").rglob("CT*.dcm")).read_bytes()

    def codes_of(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        shown = self.expect(3, program.run(["inspect", "--decode", str(path)])).stdout
        return set(re.findall(r"^ +([a-z-]+): ", shown, re.MULTILINE)) - {"note"}

    def test_refused_by_name_and_under_one_gibibyte(self):
        for name, data, code in (
            ("claim.dcm", with_size(self.slice, 65535, 65535), "truncated-pixel-data"),
            ("codestream.dcm", as_jpeg2000(self.slice, 65535, 65535), "too-large"),
            ("nested.dcm", nested(self.slice, 50_000), "malformed-dicom"),
            ("deflated.dcm", deflated(self.slice, 1600), "malformed-dicom"),
            ("dimensions.nii", nifti((32767, 32767, 32767)), "too-large"),
            ("claim.nii.gz", gzip.compress(nifti((2000, 2000, 500))), "truncated-file"),
            ("bomb.nii.gz", zeros_gzip(nifti((4, 4, 4)), 2048), "invalid-header"),
        ):
            with self.subTest(name=name):
                self.assertIn(code, self.codes_of(name, data))
        # A codestream of the largest size that is tried: the decoder may allocate it, and finds nothing.
        self.assertTrue(self.codes_of("largest.dcm", as_jpeg2000(self.slice, 8192, 8192)))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        print(f"peak memory of ctforge and its decoders: {peak >> 20} MiB")
        self.assertLess(peak, LIMIT)


if __name__ == "__main__":
    unittest.main()
