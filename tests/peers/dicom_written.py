"""DICOM, NIfTI and STL that ctforge wrote, opened by others: pydicom, highdicom, SimpleITK, dcm2niix, nibabel, dciodvfy
and dcentvfy.

Usage: python dicom_written.py CTFORGE OBJECTS [RUN]
       (needs pydicom, highdicom, SimpleITK, nibabel, safetensors; from Debian dicom3tools and dcm2niix; stops, saying
       so, where one is absent)
  CTFORGE  the program, which writes a phantom cohort of four regions in both formats into a temporary folder
  OBJECTS  ctforge_dicom_objects (cmake --build build --target ctforge_dicom_objects), which writes a phantom on an
           axial, an oblique and an anisotropic grid in every form
  RUN      the folder of a run whose `sample` stage had sample.format dicom; left out: phantoms alone

Checks that
- HU and geometry of CT series are equal as pydicom, SimpleITK and dcm2niix read them, in NIfTI as nibabel reads it and
  in the shards; those of Enhanced CT as pydicom, highdicom and SimpleITK read them;
- highdicom reads the label map from the segmentations, voxel by voxel, by the slices or frames of the CT they refer to;
- contours of structure sets, filled by the even-odd rule, give the label map;
- surfaces are closed and of the labels' volume;
- every object says that it is synthetic, and dciodvfy and dcentvfy find no error but the attribute SyntheticData
  (0008,001C), which is younger than they are.
Stops at the first difference.

Printed with pydicom 3.0.2, highdicom 0.28.2, SimpleITK 2.5.7, dcm2niix and dicom3tools of Debian 12, without RUN:
  phantom SYN-0001: 6 slices, -1010 to 1696 HU: equal, conformant, marked
  phantom SYN-0002: 6 slices, -1019 to 752 HU: equal, conformant, marked
  phantom SYN-0003: 6 slices, -1024 to 656 HU: equal, conformant, marked
  phantom SYN-0004: 6 slices, -1024 to 746 HU: equal, conformant, marked
  axial: series, Enhanced CT, segmentations and structure sets equal, conformant, marked; 7 surfaces closed, the largest
  98.7 % of its voxels; oblique and anisotropic likewise
"""
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    import highdicom
    import nibabel
    import numpy as np
    import pydicom
    import SimpleITK
    from safetensors.numpy import load_file
except ImportError as error:
    sys.exit(f"skipped: {error.name} is not there")

LPS_FROM_RAS = np.diag([-1, -1, 1, 1])


def by_nibabel(path):
    image = nibabel.load(path)
    return np.asanyarray(image.dataobj).T, LPS_FROM_RAS @ image.affine  # [z,y,x], voxel index to LPS mm


def by_simpleitk(files):
    image = SimpleITK.ReadImage([str(f) for f in files] if len(files) > 1 else str(files[0]))
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), affine


def by_dcm2niix(files):
    """In the order of slices and rows that dcm2niix chooses: compared after turning it back."""
    with tempfile.TemporaryDirectory() as place:
        source, target = pathlib.Path(place, "in"), pathlib.Path(place, "out")
        source.mkdir(), target.mkdir()
        for file in files:
            shutil.copy(file, source)
        subprocess.run(["dcm2niix", "-f", "volume", "-z", "n", "-o", target, source], check=True, capture_output=True)
        found = sorted(target.glob("*.nii"))
        assert [f.name for f in found] == ["volume.nii"], found
        hu, affine = by_nibabel(found[0])
    flip = np.diag([1, -1, 1, 1.0])  # rows are stored from the bottom
    flip[1, 3] = hu.shape[1] - 1
    return hu[:, ::-1], affine @ flip


def by_pydicom(files):
    slices = [pydicom.dcmread(f) for f in files]
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    first = slices[0]
    affine = affine_of(first.ImagePositionPatient, first.ImageOrientationPatient, first.PixelSpacing,
                       first.SliceThickness)
    if len(slices) > 1:
        step = np.subtract(slices[1].ImagePositionPatient, first.ImagePositionPatient)
        assert np.allclose(step, affine[:3, 2], atol=1e-6), "slices do not touch"
    for s in slices:
        check_marking(s)
    return hu, affine


def affine_of(position, orientation, pixel_spacing, thickness):
    row, column = np.array(orientation, float).reshape(2, 3)
    affine = np.eye(4)
    affine[:3, 0] = row * pixel_spacing[1]
    affine[:3, 1] = column * pixel_spacing[0]
    affine[:3, 2] = np.cross(row, column) * thickness
    affine[:3, 3] = position
    return affine


def enhanced_by_pydicom(file):
    data = pydicom.dcmread(file)
    check_marking(data)
    shared = data.SharedFunctionalGroupsSequence[0]
    values, measures = shared.PixelValueTransformationSequence[0], shared.PixelMeasuresSequence[0]
    positions = [f.PlanePositionSequence[0].ImagePositionPatient for f in data.PerFrameFunctionalGroupsSequence]
    affine = affine_of(positions[0], shared.PlaneOrientationSequence[0].ImageOrientationPatient, measures.PixelSpacing,
                       measures.SpacingBetweenSlices)
    for index, position in enumerate(positions):
        assert np.allclose(affine @ [0, 0, index, 1], [*position, 1], atol=1e-6)
    pixels = data.pixel_array.reshape(len(positions), data.Rows, data.Columns)
    return pixels * float(values.RescaleSlope) + float(values.RescaleIntercept), affine


def enhanced_by_highdicom(file):
    """highdicom's axes are slices, rows, columns, of a right-handed frame: its slices run the other way."""
    volume = highdicom.imread(file).get_volume(dtype=np.float64).flip_spatial(0)
    return volume.array, volume.affine[:, [2, 1, 0, 3]]


def check_marking(data):
    assert data[0x0008001C].value == "YES"
    assert data.Manufacturer == "ctforge" and data.ManufacturerModelName == "ctforge"
    assert str(data.PatientName).startswith("SYNTHETIC^SYN-") and data.PatientID.startswith("SYN-")
    assert data.SeriesDescription.startswith("SYNTHETIC")
    if data.Modality != "RTSTRUCT":
        kind = {"1.2.840.10008.5.1.4.1.1.2": ["DERIVED", "SECONDARY", "AXIAL"]}
        assert list(data.ImageType) == kind.get(data.SOPClassUID, list(data.ImageType))
        assert list(data.ImageType)[0] == "DERIVED" and data.BurnedInAnnotation == "NO"
        assert data.DerivationDescription.startswith("SYNTHETIC")
    assert not data.StudyDate and not data.StudyTime and not data.PatientBirthDate
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


def check_conformance(files, uids):
    for file in files:
        assert not (found := errors_of(["dciodvfy", "-new", str(file)])), (file.name, found)
        uid = pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID
        assert uid not in uids, "a SOPInstanceUID twice"
        uids.add(uid)
    assert not (found := errors_of(["dcentvfy", *map(str, files)])), found


def check_equal(name, other_hu, other_affine, hu, affine):
    assert np.array_equal(other_hu, hu), f"{name}: HU differ"
    worst = np.abs(other_affine - affine).max()
    assert worst < 1e-4, f"{name}: geometry differs by {worst} mm"  # NIfTI holds 32-bit numbers


def check_series(files, hu, affine):
    """The series of `files` against HU and an affine map that something else told."""
    readers = [by_pydicom, by_simpleitk] + ([by_dcm2niix] if len(files) > 1 else [])
    for read in readers:
        check_equal(read.__name__, *read(files), hu, affine)


def check_segmentation(path, labels, names, images):
    """images: the CT's SOPInstanceUIDs by slice, or the one of an Enhanced CT."""
    segmentation = highdicom.seg.segread(path)
    check_marking(segmentation)
    numbers = list(range(1, len(names)))
    assert list(segmentation.segment_numbers) == numbers
    assert [segmentation.get_segment_description(n).segment_label for n in numbers] == names[1:]
    options = dict(segment_numbers=numbers, combine_segments=True, ignore_spatial_locations=False,
                   assert_missing_frames_are_empty=True)
    if len(images) == len(labels) and len(set(images)) == len(images):
        read = segmentation.get_pixels_by_source_instance(images, **options)
    else:
        read = segmentation.get_pixels_by_source_frame(images[0], list(range(1, len(labels) + 1)), **options)
    assert np.array_equal(read, labels), "the segmentation differs from the label map"


def fill(polygons, shape):
    """Pixels whose centres lie in an odd number of the polygons, which are in index coordinates x, y."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    inside = np.zeros(shape, bool)
    for polygon in polygons:
        for a, b in zip(polygon, np.roll(polygon, -1, axis=0)):
            if a[1] != b[1]:
                crossing = a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
                inside ^= ((a[1] > y) != (b[1] > y)) & (x < crossing)
    return inside


def check_structures(path, labels, names, affine):
    data = pydicom.dcmread(path)
    check_marking(data)
    assert [roi.ROIName for roi in data.StructureSetROISequence] == names[1:]
    to_index = np.linalg.inv(affine)
    for region in data.ROIContourSequence:
        slices = {}
        for contour in region.get("ContourSequence", []):
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            index = points @ to_index[:3, :3].T + to_index[:3, 3]
            place = round(index[0, 2])
            assert np.abs(index[:, 2] - place).max() < 1e-3
            slices.setdefault(place, []).append(index[:, :2])
        for place, plane in enumerate(labels):
            filled = fill(slices.get(place, []), plane.shape)
            assert np.array_equal(filled, plane == int(region.ReferencedROINumber)), "contours differ from the labels"


def check_surface(path, labels, affine):
    data = path.read_bytes()
    (count,) = struct.unpack_from("<I", data, 80)
    assert len(data) == 84 + 50 * count
    raw = np.frombuffer(data, np.uint8, offset=84).reshape(count, 50)
    corners = raw[:, 12:48].copy().view("<f4").reshape(count, 3, 3)
    edges = {}
    for triangle in corners:
        keys = [corner.tobytes() for corner in triangle]
        for a, b in zip(keys, keys[1:] + keys[:1]):
            edges[a, b] = edges.get((a, b), 0) + 1
    assert all(n == 1 and edges.get((b, a)) == 1 for (a, b), n in edges.items()), f"{path.name} is not closed"
    # About a middle: far from the origin the terms cancel.
    a, b, c = np.moveaxis(corners.astype(float) - corners.reshape(-1, 3).mean(0), 1, 0)
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    voxels = (labels == int(path.name.split("_")[1])).sum() * abs(np.linalg.det(affine[:3, :3]))
    assert 0 < volume < 1.02 * voxels, path.name
    return volume, voxels


def check_phantoms(program, folder, uids):
    for name in ("nifti", "dicom"):
        subprocess.run([program, "phantom", "--set", f"phantom.format={name}", "--set", "phantom.patients=4", "--set",
                        "phantom.matrix=64", "--set", "phantom.slices=6", "--out", folder / name], check=True)
    names = json.loads((folder / "dicom/cohort/labels.json").read_text())
    for patient in sorted((folder / "dicom/cohort").glob("SYN-*_seg.nii.gz")):
        name = patient.name.removesuffix("_seg.nii.gz")
        hu, affine = by_nibabel(folder / f"nifti/cohort/{name}_ct.nii.gz")
        labels, label_affine = by_nibabel(patient)
        assert np.array_equal(affine, label_affine) and labels.shape == hu.shape
        assert np.array_equal(labels, by_nibabel(folder / f"nifti/cohort/{name}_seg.nii.gz")[0])
        files = sorted((folder / "dicom/cohort" / name).glob("*.dcm"))
        check_series(files, hu, affine)
        segmentation = folder / f"dicom/cohort/{name}_seg.dcm"
        check_segmentation(segmentation, labels, names, [pydicom.dcmread(f).SOPInstanceUID for f in files])
        check_conformance([*files, segmentation], uids)
        print(f"phantom {name}: {len(files)} slices, {hu.min()} to {hu.max()} HU: equal, conformant, marked")


def check_objects(program, folder, uids):
    subprocess.run([program, folder], check=True)
    names = json.loads((folder / "labels.json").read_text())
    for grid in ("axial", "oblique", "anisotropic"):
        hu, affine = by_nibabel(folder / f"{grid}_ct.nii.gz")
        labels, _ = by_nibabel(folder / f"{grid}_seg.nii.gz")
        files = sorted((folder / grid).glob("*.dcm"))
        check_series(files, hu, affine)
        images = [pydicom.dcmread(f).SOPInstanceUID for f in files]
        enhanced = folder / f"{grid}_enhanced"
        for read in (enhanced_by_pydicom, enhanced_by_highdicom):
            check_equal(read.__name__, *read(enhanced / "ct.dcm"), hu, affine)
        check_equal("SimpleITK of Enhanced CT", *by_simpleitk([enhanced / "ct.dcm"]), hu, affine)
        frames = [pydicom.dcmread(enhanced / "ct.dcm").SOPInstanceUID]
        for segmentation, structures, referred in (
            (folder / f"{grid}_seg.dcm", folder / f"{grid}_rtstruct.dcm", images),
            (enhanced / "seg.dcm", enhanced / "rtstruct.dcm", frames),
        ):
            check_segmentation(segmentation, labels, names, referred)
            check_structures(structures, labels, names, affine)
        check_conformance([*files, folder / f"{grid}_seg.dcm", folder / f"{grid}_rtstruct.dcm"], uids)
        check_conformance(sorted(enhanced.glob("*.dcm")), uids)
        volumes = [check_surface(path, labels, affine) for path in sorted(folder.glob(f"{grid}_*.stl"))]
        largest = max(volumes, key=lambda pair: pair[1])
        print(f"{grid}: series, Enhanced CT, segmentations and structure sets equal, conformant, marked; "
              f"{len(volumes)} surfaces closed, the largest {100 * largest[0] / largest[1]:.1f} % of its voxels")


def check_samples(run, uids):
    count = 0
    for shard in map(load_file, sorted((run / "samples").glob("synthetic-*.safetensors"))):
        for hu, mask in zip(shard["hu"], shard["mask"]):
            count += 1
            name = f"SYN-{count:06d}"
            series = run / "samples/dicom" / name / "CT000001.dcm"
            if series.exists():
                _, affine = by_pydicom([series])
                check_series([series], hu[None], affine)
            else:
                series = run / f"samples/dicom/{name}_ct.dcm"
                other, affine = enhanced_by_pydicom(series)
                assert np.array_equal(other, hu[None])
            files = [series, run / f"samples/dicom/{name}_seg.dcm"]
            segments = pydicom.dcmread(files[1]).SegmentSequence
            names = ["background"] + [segment.SegmentLabel for segment in segments]
            check_segmentation(files[1], mask[None], names, [pydicom.dcmread(series).SOPInstanceUID])
            structures = run / f"samples/dicom/{name}_rtstruct.dcm"
            if structures.exists():
                check_structures(structures, mask[None], names, affine)
                files.append(structures)
            check_conformance(files, uids)
    print(f"{count} samples: equal to their shards, conformant, marked")


if __name__ == "__main__":
    for needed in ("dciodvfy", "dcentvfy", "dcm2niix"):
        if not shutil.which(needed):
            sys.exit(f"skipped: {needed} is not there")
    seen = set()
    with tempfile.TemporaryDirectory() as place:
        check_phantoms(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(place), seen)
    with tempfile.TemporaryDirectory() as place:
        check_objects(pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(place), seen)
    if len(sys.argv) > 3:
        check_samples(pathlib.Path(sys.argv[3]), seen)
    print(f"{len(seen)} SOPInstanceUIDs, none twice")
