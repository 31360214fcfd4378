"""Turns a phantom cohort into an archive in which every place that can name a patient holds a name to look for."""

import gzip
import re
import struct
from pathlib import Path

LONG = {b"OB", b"OD", b"OF", b"OL", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"}  # VRs with a 32-bit length (PS3.5 7.1.2)
UNDEFINED = 0xFFFFFFFF
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

UID_ROOT = "1.2.276.0.9271.55.4"
# Attributes of a DICOM file: tag, VR, value with {} for the patient's number. Each is a place of its own.
ATTRIBUTES = [
    ((0x0008, 0x0014), b"UI", "1.2.276.0.9271.66.1"),
    ((0x0008, 0x0018), b"UI", UID_ROOT + ".{}.3.{slice}"),
    ((0x0008, 0x0020), b"DA", "20190823"),
    ((0x0008, 0x0030), b"TM", "113751.991177"),
    ((0x0008, 0x0050), b"SH", "ACC99183746"),
    ((0x0008, 0x0080), b"LO", "Klinik Sanktmarx"),
    ((0x0008, 0x0081), b"ST", "Birkenallee 7, Oberzwettl"),
    ((0x0008, 0x0090), b"PN", "Ypsilanti^Ottokar"),
    ((0x0008, 0x1010), b"SH", "CTROOMHERBERT"),
    ((0x0008, 0x1030), b"LO", "Staging, Fr. Wolkenstein"),
    ((0x0008, 0x103E), b"LO", "CT of Hildegard M."),
    ((0x0008, 0x1048), b"PN", "Dr. Ezzelino"),
    ((0x0008, 0x1050), b"PN", "Dr. Ballenstedt"),
    ((0x0008, 0x1070), b"PN", "Operator Kunigunde"),
    ((0x0010, 0x0010), b"PN", "../../Marxbrunner^Hildegard{}"),
    ((0x0010, 0x0020), b"LO", "../../MRN-7734921-{}"),
    ((0x0010, 0x0021), b"LO", "Issuer Falkenhorst"),
    ((0x0010, 0x0030), b"DA", "19320417"),
    ((0x0010, 0x1000), b"LO", "OTHERID-5518"),
    ((0x0010, 0x1001), b"PN", "Alias Zwirnbeck"),
    ((0x0010, 0x1005), b"PN", "Birthname Rothenfels"),
    ((0x0010, 0x1040), b"LO", "Lindengasse 44"),
    ((0x0010, 0x2154), b"SH", "+43 7734 99281"),
    ((0x0010, 0x21B0), b"LT", "History of Theodelinde"),
    ((0x0010, 0x4000), b"LT", "Quittenweg 12"),
    ((0x0018, 0x1000), b"LO", "SERIAL-448812"),
    ((0x0018, 0x1030), b"LO", "Protocol Grimoald"),
    ((0x0020, 0x000D), b"UI", UID_ROOT + ".{}.1"),
    ((0x0020, 0x000E), b"UI", UID_ROOT + ".{}.2"),
    ((0x0020, 0x0010), b"SH", "STUDY-661203"),
    ((0x0020, 0x0052), b"UI", UID_ROOT + ".{}.4"),
    ((0x0020, 0x4000), b"LT", "Comment on Ludolfine"),
    ((0x0032, 0x1032), b"PN", "Requester^Ansgarwinius"),
    ((0x0040, 0x0254), b"LO", "Procedure for Adelgunde"),
    ((0x0040, 0x1001), b"SH", "PROC-88123"),
]
# Attributes within sequences, and of private blocks: path of sequence tags, tag, VR, value.
NESTED = [
    ([(0x0008, 0x1110)], (0x0008, 0x1155), b"UI", "1.2.276.0.9271.77.1"),
    ([(0x0008, 0x1140)], (0x0008, 0x1155), b"UI", "1.2.276.0.9271.77.2"),
    ([(0x0010, 0x1002)], (0x0010, 0x0020), b"LO", "ORDERED-3319"),
    ([(0x0040, 0x0275), (0x0040, 0x0008)], (0x0008, 0x0104), b"LO", "Nested for Wilburgis"),
    ([(0x0009, 0x1010)], (0x0010, 0x0010), b"PN", "Private^Mechthild"),
]
PRIVATE = [
    ((0x0009, 0x0010), b"LO", "VENDOR SIEGBURGER"),
    ((0x0009, 0x1001), b"LO", "private Gundobald"),
    ((0x0009, 0x1002), b"OB", "private bytes of Rosamunde"),
]
FOLDER = "marxbrunner_hildegard_{}"
NIFTI_NAME = "quastenberg-leopoldine-{}"
# What must not be found anywhere, in any case: of each place above what tells it from the others, and of file names and
# the texts of NIfTI headers.
MARKS = [
    "1.2.276.0.9271", "20190823", "113751.991177", "acc99183746", "sanktmarx", "oberzwettl", "ypsilanti", "ctroomherbert",
    "wolkenstein", "hildegard", "ezzelino", "ballenstedt", "kunigunde", "marxbrunner", "mrn-7734921", "falkenhorst", "19320417",
    "otherid-5518", "zwirnbeck", "rothenfels", "lindengasse", "7734 99281", "theodelinde", "quittenweg", "serial-448812",
    "grimoald", UID_ROOT, "study-661203", "ludolfine", "ansgarwinius", "adelgunde", "proc-88123", "9271.77.1", "9271.77.2",
    "ordered-3319", "wilburgis", "mechthild", "siegburger", "gundobald", "rosamunde", "quastenberg", "leopoldine", "nachtigall",
]  # fmt: skip


def elements(data):
    """[(tag, VR, value, whether of undefined length)] of an explicit little-endian data set; sequences as they are."""
    found, at = [], 0
    while at < len(data):
        group, element, vr = struct.unpack_from("<HH2s", data, at)
        if vr in LONG:
            (length,) = struct.unpack_from("<I", data, at + 8)
            at += 12
        else:
            (length,) = struct.unpack_from("<H", data, at + 6)
            at += 8
        # There is one sequence at the top, so that the last delimiter is its own; no HU looks like it.
        end = data.rindex(SEQUENCE_END, at) + 8 if length == UNDEFINED else at + length
        found.append(((group, element), vr, data[at:end], length == UNDEFINED))
        at = end
    return found


def encoded(tag, vr, value, undefined=False):
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    length = UNDEFINED if undefined else len(value)
    return struct.pack("<HH2s", *tag, vr) + (struct.pack("<HI", 0, length) if vr in LONG else struct.pack("<H", length)) + value


def sequence(path, tag, vr, text):
    """The value of path[0]: an item that holds the attribute, through the rest of the path."""
    inner = encoded(path[1], b"SQ", sequence(path[1:], tag, vr, text)) if len(path) > 1 else encoded(tag, vr, text.encode())
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner


def mark_dicom(source, target, patient, slice_number):
    """Copies a DICOM file as the phantom stage writes them, with ATTRIBUTES, NESTED and PRIVATE put in."""
    data = Path(source).read_bytes()
    (meta_length,) = struct.unpack_from("<I", data, 140)  # (0002,0000), after preamble, "DICM" and 8 bytes
    start = 144 + meta_length
    dataset = {tag: (vr, value, undefined) for tag, vr, value, undefined in elements(data[start:])}
    for tag, vr, text in ATTRIBUTES:
        dataset[tag] = (vr, text.format(patient, slice=slice_number).encode(), False)
    for tag, vr, text in PRIVATE:
        dataset[tag] = (vr, text.encode(), False)
    for path, tag, vr, text in NESTED:
        dataset[path[0]] = (b"SQ", sequence(path, tag, vr, text), False)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data[:start] + b"".join(encoded(tag, *dataset[tag]) for tag in sorted(dataset)))


def mark_nifti(source, target):
    """Copies a .nii.gz with a name in the header's texts (NIfTI-1: db_name, descrip, aux_file, intent_name)."""
    data = bytearray(gzip.decompress(Path(source).read_bytes()))
    for offset, size in ((14, 18), (148, 80), (228, 24), (328, 16)):
        data[offset : offset + size] = b"Nachtigall^Paul"[: size - 1].ljust(size, b"\0")
    target.write_bytes(gzip.compress(bytes(data), 1))


def mark_cohort(cohort, archive):
    """A cohort of format dicom becomes an archive, every second patient of it as NIfTI from a cohort of the same settings
    in that format; classes.csv follows the new names. Returns the number of patients."""
    dicom, nifti = cohort
    rows = ["name,class"]
    archive.mkdir(parents=True)
    classes = [line.split(",") for line in (dicom / "classes.csv").read_text().split()[1:]]
    for number, (name, class_) in enumerate(classes):
        if number % 2 == 0:
            folder = FOLDER.format(number)
            for slice_number, file in enumerate(sorted((dicom / name).glob("*.dcm"))):
                mark_dicom(file, archive / folder / re.sub("^CT", "hildegard-", file.name), number, slice_number)
        else:
            folder = NIFTI_NAME.format(number)
            mark_nifti(nifti / f"{name}_ct.nii.gz", archive / f"{folder}_ct.nii.gz")
        mark_nifti(nifti / f"{name}_seg.nii.gz", archive / f"{folder}_seg.nii.gz")
        rows.append(f"{folder},{class_}")
    (archive / "classes.csv").write_text("\n".join(rows) + "\n")
    (archive / "labels.json").write_bytes((nifti / "labels.json").read_bytes())
    return len(classes)
