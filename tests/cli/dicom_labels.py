"""RTSTRUCT and SEG files upon a CT series that ctforge wrote, made with nothing but the standard library."""

import struct
from dataclasses import dataclass
from pathlib import Path

import marked

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


@dataclass
class Slice:
    """What labels need of one CT image."""

    series: str
    frame: str
    patient: str
    image: str
    position: list
    spacing: list  # between rows, between columns
    rows: int
    columns: int


def read_slice(path):
    data = Path(path).read_bytes()
    (meta_length,) = struct.unpack_from("<I", data, 140)
    found = {tag: value for tag, _, value, _ in marked.elements(data[144 + meta_length :])}
    text = lambda group, element: found[(group, element)].decode().strip("\0 ")  # noqa: E731
    numbers = lambda group, element: [float(part) for part in text(group, element).split("\\")]  # noqa: E731
    return Slice(
        text(0x20, 0xE), text(0x20, 0x52), text(0x10, 0x20), text(0x8, 0x18), numbers(0x20, 0x32), numbers(0x28, 0x30),
        *(struct.unpack("<H", found[(0x28, element)])[0] for element in (0x10, 0x11)),
    )  # fmt: skip


def read_series(folder):
    """From the feet to the head."""
    return sorted((read_slice(path) for path in Path(folder).glob("*.dcm")), key=lambda each: each.position[2])


def item(tag, vr, value):
    """One element; a list of data sets is a sequence, each a list of elements."""
    if vr == b"SQ":
        packed = [b"".join(each) for each in value]
        value = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(each)) + each for each in packed)
    elif vr == b"US":
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode()
    return marked.encoded(tag, vr, value)


def write(path, sop_class, uid, dataset):
    uids = ((0x2, sop_class), (0x3, uid), (0x10, "1.2.840.10008.1.2.1"))
    meta = b"".join(item((2, element), b"UI", value) for element, value in uids)
    head = b"\0" * 128 + b"DICM" + marked.encoded((2, 0), b"UL", struct.pack("<I", len(meta)))
    Path(path).write_bytes(head + meta + b"".join(dataset))


def identity(ct, sop_class, uid, modality):
    """Elements of the groups 0008, 0010 and 0020."""
    kind = [item((0x8, 0x16), b"UI", sop_class), item((0x8, 0x18), b"UI", uid), item((0x8, 0x60), b"CS", modality)]
    series = [item((0x20, 0xE), b"UI", uid + ".1"), item((0x20, 0x52), b"UI", ct.frame)]
    return kind, [item((0x10, 0x20), b"LO", ct.patient)], series


def rectangle(ct, left, top, right, bottom):
    """ContourData round the pixels from left to right and top to bottom, all included."""
    left, top, right, bottom = left - 0.5, top - 0.5, right + 0.5, bottom + 0.5
    points = [
        (ct.position[0] + x * ct.spacing[1], ct.position[1] + y * ct.spacing[0], ct.position[2])
        for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]
    return "\\".join(f"{value:.4f}" for point in points for value in point)


def write_structure_set(path, uid, structures):
    """structures: {name: [(slice, left, top, right, bottom)]}."""
    ct = next(iter(structures.values()))[0][0]
    kind, patient, series = identity(ct, STRUCTURE_SET, uid, "RTSTRUCT")
    study = [item((0x3006, 0x14), b"SQ", [[item((0x20, 0xE), b"UI", ct.series)]])]
    frame = [item((0x20, 0x52), b"UI", ct.frame), item((0x3006, 0x12), b"SQ", [study])]
    rois, contours = [], []
    for number, (name, boxes) in enumerate(structures.items(), 1):
        rois.append([item((0x3006, 0x22), b"IS", str(number)), item((0x3006, 0x24), b"UI", ct.frame),
                     item((0x3006, 0x26), b"LO", name)])  # fmt: skip
        drawn = []
        for at, *box in boxes:
            image = [item((0x8, 0x1155), b"UI", at.image)]
            drawn.append([item((0x3006, 0x16), b"SQ", [image]), item((0x3006, 0x42), b"CS", "CLOSED_PLANAR"),
                          item((0x3006, 0x46), b"IS", "4"), item((0x3006, 0x50), b"DS", rectangle(at, *box))])  # fmt: skip
        contours.append([item((0x3006, 0x40), b"SQ", drawn), item((0x3006, 0x84), b"IS", str(number))])
    write(path, STRUCTURE_SET, uid, kind + patient + series + [
        item((0x3006, 0x10), b"SQ", [frame]),
        item((0x3006, 0x20), b"SQ", rois), item((0x3006, 0x39), b"SQ", contours),
    ])  # fmt: skip


def write_segmentation(path, uid, name, at, pixels):
    """One segment on one slice; pixels: set of (column, row)."""
    kind, patient, series = identity(at, SEGMENTATION, uid, "SEG")
    bits = bytearray((at.rows * at.columns + 7) // 8)
    for x, y in pixels:
        bits[(y * at.columns + x) // 8] |= 1 << ((y * at.columns + x) % 8)
    numbers = lambda values: "\\".join(f"{value:g}" for value in values)  # noqa: E731
    shared = [item((0x20, 0x9116), b"SQ", [[item((0x20, 0x37), b"DS", "1\\0\\0\\0\\1\\0")]]),
              item((0x28, 0x9110), b"SQ", [[item((0x28, 0x30), b"DS", numbers(at.spacing))]])]  # fmt: skip
    frame = [item((0x20, 0x9113), b"SQ", [[item((0x20, 0x32), b"DS", numbers(at.position))]]),
             item((0x62, 0xA), b"SQ", [[item((0x62, 0xB), b"US", 1)]])]  # fmt: skip
    reference = item((0x8, 0x1115), b"SQ", [[item((0x20, 0xE), b"UI", at.series)]])
    write(path, SEGMENTATION, uid, kind + [reference] + patient + series + [
        item((0x28, 0x8), b"IS", "1"), item((0x28, 0x10), b"US", at.rows), item((0x28, 0x11), b"US", at.columns),
        item((0x28, 0x100), b"US", 1), item((0x28, 0x101), b"US", 1), item((0x62, 0x1), b"CS", "BINARY"),
        item((0x62, 0x2), b"SQ", [[item((0x62, 0x4), b"US", 1), item((0x62, 0x5), b"LO", name)]]),
        item((0x5200, 0x9229), b"SQ", [shared]), item((0x5200, 0x9230), b"SQ", [frame]),
        item((0x7FE0, 0x10), b"OB", bytes(bits)),
    ])  # fmt: skip
