"""Arrays to ctforge_evaluation_values and back, and real CT, for the side-by-side scripts of eval/."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("CTFORGE_EVALUATION_VALUES", ROOT / "build" / "ctforge_evaluation_values"))
DATA = pathlib.Path(os.environ.get("CTFORGE_TEST_DATA", ROOT.parent / "shared" / "data"))
DTYPES = {"float64": "F64", "uint8": "U8"}


def write_arrays(path, arrays, metadata):
    header, offset = {"__metadata__": {name: str(value) for name, value in metadata.items()}}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(numpy.ascontiguousarray(array).tobytes())


def ours(command, arrays, metadata, threads=1):
    """What the tool prints. Doubles go before bytes, which need no alignment."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "arrays.safetensors"
        write_arrays(path, dict(sorted(arrays.items(), key=lambda item: -item[1].itemsize)), metadata)
        run = subprocess.run([TOOL, command, path, str(threads)], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def require_parts():
    if not TOOL.exists():
        sys.exit("build first: cmake --build build --target ctforge_evaluation_values")
    if not (DATA / "openkbp_train").is_dir():
        sys.exit("skipped: real CT is not present (set CTFORGE_TEST_DATA)")


def openkbp(patient):
    """HU and labels [z,y,x] and spacing x, y, z of a head-and-neck patient."""
    import nibabel

    image = nibabel.load(DATA / "openkbp_train" / f"pt_{patient}_ct.nii.gz")
    labels = nibabel.load(DATA / "openkbp_train" / f"pt_{patient}_seg.nii.gz")
    spacing = tuple(float(step) for step in image.header.get_zooms()[:3])
    return (numpy.asarray(image.dataobj).transpose(2, 1, 0).astype(float),
            numpy.asarray(labels.dataobj).transpose(2, 1, 0).astype(int), spacing)


def sarcoma(patient):
    """HU and tumour mask [z,y,x] and spacing of a patient of the IBSI's soft-tissue sarcoma set."""
    import nibabel

    folder = DATA / "sts_ibsi" / "nifti" / patient
    image, mask = nibabel.load(folder / "CT_image.nii.gz"), nibabel.load(folder / "CT_mask.nii.gz")
    spacing = tuple(float(step) for step in image.header.get_zooms()[:3])
    return (numpy.asarray(image.dataobj).transpose(2, 1, 0).astype(float),
            numpy.asarray(mask.dataobj).transpose(2, 1, 0).astype(int), spacing)
