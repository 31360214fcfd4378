"""DICOM and NIfTI that ctforge wrote, opened by others: pydicom, SimpleITK, nibabel, dciodvfy and dcentvfy.

Usage: python dicom_written.py CTFORGE [RUN]
       (needs pydicom, SimpleITK, nibabel, safetensors; dciodvfy and dcentvfy from Debian's dicom3tools)
  CTFORGE  the program, which writes a phantom cohort of four regions in both formats into a temporary folder
  RUN      the folder of a run whose `sample` stage had sample.format dicom; left out: phantoms alone

Checks that HU and geometry are equal in DICOM as pydicom and as SimpleITK read it, in NIfTI as nibabel reads it and in
the shards, that every file says that it is synthetic, and that dciodvfy and dcentvfy find no error but the attribute
SyntheticData (0008,001C), which is younger than they are. Stops at the first difference.

Printed with pydicom 3.0.2, SimpleITK 2.5.7 and dicom3tools of 2022-06-18, RUN being configs/demo.yaml with 24 samples:
  phantom SYN-0001: 6 slices, -1010 to 1696 HU: equal, conformant, marked
  phantom SYN-0002: 6 slices, -1019 to 752 HU: equal, conformant, marked
  phantom SYN-0003: 6 slices, -1024 to 656 HU: equal, conformant, marked
  phantom SYN-0004: 6 slices, -1024 to 746 HU: equal, conformant, marked
  24 samples: equal to their shards, conformant, marked
  48 SOPInstanceUIDs, none twice
"""
import pathlib
import subprocess
import sys
import tempfile

import nibabel
import numpy as np
import pydicom
import SimpleITK
from safetensors.numpy import load_file

LPS_FROM_RAS = np.diag([-1, -1, 1, 1])


def by_nibabel(path):
    image = nibabel.load(path)
    return np.asanyarray(image.dataobj).T, LPS_FROM_RAS @ image.affine  # [z,y,x], voxel index to LPS mm


def by_simpleitk(files):
    image = SimpleITK.ReadImage([str(f) for f in files])
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), affine


def by_pydicom(files):
    slices = [pydicom.dcmread(f) for f in files]
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    first, row, column = slices[0], *np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    affine = np.eye(4)
    affine[:3, 0] = row * first.PixelSpacing[1]
    affine[:3, 1] = column * first.PixelSpacing[0]
    affine[:3, 2] = np.cross(row, column) * first.SliceThickness
    affine[:3, 3] = first.ImagePositionPatient
    if len(slices) > 1:
        step = np.subtract(slices[1].ImagePositionPatient, first.ImagePositionPatient)
        assert np.allclose(step, affine[:3, 2], atol=1e-6), "slices do not touch"
    for s in slices:
        check_marking(s)
    return hu, affine


def check_marking(data):
    assert data[0x0008001C].value == "YES"
    assert list(data.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
    assert data.Manufacturer == "ctforge" and data.BurnedInAnnotation == "NO"
    assert str(data.PatientName).startswith("SYNTHETIC^SYN-") and data.PatientID.startswith("SYN-")
    assert data.SeriesDescription.startswith("SYNTHETIC") and data.DerivationDescription.startswith("SYNTHETIC")
    assert not data.StudyDate and not data.StudyTime
    equipment = data.ContributingEquipmentSequence[0]
    code = equipment.PurposeOfReferenceCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("109100", "DCM")
    assert equipment.SoftwareVersions
    for uid in (data.SOPInstanceUID, data.SeriesInstanceUID, data.StudyInstanceUID, data.FrameOfReferenceUID):
        assert uid.startswith("2.25.") and not uid.startswith("2.25.0") and len(uid) <= 64


def errors_of(command):
    text = subprocess.run(command, capture_output=True, text=True, errors="replace")
    lines = (text.stdout + text.stderr).splitlines()
    return [line for line in lines if line.startswith("Error") and "</(0008,001c)>" not in line]


def check_conformance(files):
    for file in files:
        assert not (found := errors_of(["dciodvfy", "-new", str(file)])), found
    assert not (found := errors_of(["dcentvfy", *map(str, files)])), found


def check_series(files, hu, affine, uids):
    """The series of `files` against HU and an affine map that something else told."""
    for read in (by_pydicom, by_simpleitk):
        other_hu, other_affine = read(files)
        assert np.array_equal(other_hu, hu), f"{read.__name__}: HU differ"
        worst = np.abs(other_affine - affine).max()
        assert worst < 1e-4, f"{read.__name__}: geometry differs by {worst} mm"  # NIfTI holds 32-bit numbers
    check_conformance(files)
    for file in files:
        uid = pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID
        assert uid not in uids, "a SOPInstanceUID twice"
        uids.add(uid)


def check_phantoms(program, folder, uids):
    for name in ("nifti", "dicom"):
        subprocess.run([program, "phantom", "--set", f"phantom.format={name}", "--set", "phantom.patients=4", "--set",
                        "phantom.matrix=64", "--set", "phantom.slices=6", "--out", folder / name], check=True)
    for patient in sorted((folder / "dicom/cohort").glob("SYN-*_seg.nii.gz")):
        name = patient.name.removesuffix("_seg.nii.gz")
        hu, affine = by_nibabel(folder / f"nifti/cohort/{name}_ct.nii.gz")
        labels, label_affine = by_nibabel(patient)
        assert np.array_equal(affine, label_affine) and labels.shape == hu.shape
        assert np.array_equal(labels, by_nibabel(folder / f"nifti/cohort/{name}_seg.nii.gz")[0])
        files = sorted((folder / "dicom/cohort" / name).glob("*.dcm"))
        check_series(files, hu, affine, uids)
        print(f"phantom {name}: {len(files)} slices, {hu.min()} to {hu.max()} HU: equal, conformant, marked")


def check_samples(run, uids):
    count = 0
    for shard in map(load_file, sorted((run / "samples").glob("synthetic-*.safetensors"))):
        for hu, mask in zip(shard["hu"], shard["mask"]):
            count += 1
            name = f"SYN-{count:06d}"
            labels, affine = by_nibabel(run / f"samples/dicom/{name}_mask.nii.gz")
            assert np.array_equal(labels, mask[None])
            check_series(list((run / "samples/dicom" / name).glob("*.dcm")), hu[None], affine, uids)
    assert count == len(list((run / "samples/dicom").glob("SYN-*_mask.nii.gz")))
    print(f"{count} samples: equal to their shards, conformant, marked")


if __name__ == "__main__":
    seen = set()
    with tempfile.TemporaryDirectory() as place:
        check_phantoms(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(place), seen)
    if len(sys.argv) > 2:
        check_samples(pathlib.Path(sys.argv[2]), seen)
    print(f"{len(seen)} SOPInstanceUIDs, none twice")
