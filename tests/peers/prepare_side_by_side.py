"""Preparing one 512 x 512 x 134 DICOM series to 1 mm patches: `ctforge prepare` beside SimpleITK doing the same.

Writes a series with pydicom into a temporary folder (0.9 x 0.9 x 2.5 mm, a noisy cylinder body), then alternates the
two programs, each in a fresh process, and prints the medians of time and peak memory and their ratios. Also compares
the voxels of both. SimpleITK's part: read the series, resample with linear interpolation to 1 mm, window to [-1,1],
cut all slices to the patch size; it keeps the result in memory, while ctforge writes and syncs its shards. SimpleITK
runs twice: as one would write it, and told to resample only what is cut, as ctforge does by itself.

Work is what follows the start: for SimpleITK the four steps, without the interpreter and its imports; for ctforge the
stage, with finding the series, decoding in a child process, hashing the input and writing the shards. Process is the
whole command.

Needs numpy, pydicom and SimpleITK:
  python tests/peers/prepare_side_by_side.py --ctforge build/ctforge [--runs 5] [--size 256]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SLICES, ROWS = 134, 512
PIXEL_MM, SLICE_MM = 0.9, 2.5


def write_series(folder):
    import numpy
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    random = numpy.random.default_rng(1)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    y, x = numpy.mgrid[:ROWS, :ROWS]
    for index in range(SLICES):
        body = ((x - 256) / 190) ** 2 + ((y - 270) / (120 + 30 * numpy.sin(index / 30))) ** 2 < 1
        bone = ((x - 256) / 20) ** 2 + ((y - 340) / 18) ** 2 < 1
        hu = numpy.where(bone, 600, numpy.where(body, 40, -1000)) + random.normal(0, 15, (ROWS, ROWS))
        stored = numpy.clip(numpy.rint(hu) + 1024, 0, 4095).astype("<u2")
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
        data.Modality, data.PatientID, data.PatientName = "CT", "side-by-side", "SIDE^BY SIDE"
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.BodyPartExamined = "CHEST"
        data.Rows = data.Columns = ROWS
        data.PixelSpacing = [PIXEL_MM, PIXEL_MM]
        data.SliceThickness = SLICE_MM
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.ImagePositionPatient = [-230.0, -230.0, index * SLICE_MM]
        data.InstanceNumber = index + 1
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        data.PixelData = stored.tobytes()
        data.save_as(folder / f"{index:04d}.dcm", enforce_file_format=True)


def prepare_with_simpleitk(folder, size, crop_first, keep):
    """The child process: prints the seconds of each step as JSON; keep: where to leave the cut HU for comparison."""
    import numpy
    import SimpleITK

    start = time.perf_counter()
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = SimpleITK.ReadImage(names)
    read = time.perf_counter()
    spacing = image.GetSpacing()
    shape = [round(n * s) for n, s in zip(image.GetSize(), spacing)]
    x, y = (shape[0] - size + 1) // 2, (shape[1] - size + 1) // 2
    first = [x, y, 0] if crop_first else [0, 0, 0]
    if crop_first:
        shape[:2], x, y = [size, size], 0, 0
    origin = image.TransformContinuousIndexToPhysicalPoint([(0.5 + f) / s - 0.5 for f, s in zip(first, spacing)])
    image = SimpleITK.Resample(SimpleITK.Cast(image, SimpleITK.sitkFloat32), shape, SimpleITK.Transform(),
                               SimpleITK.sitkLinear, origin, (1.0, 1.0, 1.0), image.GetDirection(), -1024.0)
    resampled = time.perf_counter()
    hu = SimpleITK.GetArrayViewFromImage(image)
    crop = hu[:, y:y + size, x:x + size]
    patches = [numpy.clip((piece + 1000) / 1000 - 1, -1, 1) for piece in crop]
    done = time.perf_counter()
    if keep:
        numpy.save(keep, numpy.rint(crop).astype(numpy.int16))
    print(json.dumps({"read": read - start, "resample": resampled - read, "window and cut": done - resampled,
                      "patches": len(patches), "work": done - start}))


def timed(command):
    """Wall seconds, peak resident bytes of the process and its children, standard output."""
    script = ("import json, resource, subprocess, sys, time\n"
              "start = time.perf_counter()\n"
              "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
              "seconds = time.perf_counter() - start\n"
              "sys.stderr.write(done.stderr) if done.returncode else None\n"
              "print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, "
              "done.returncode, done.stdout]))\n")
    result = json.loads(subprocess.run([sys.executable, "-c", script, *command], check=True, stdout=subprocess.PIPE,
                                       text=True).stdout)
    if result[2] != 0:
        sys.exit(f"failed: {command[0]}")
    return result[0], result[1], result[3]


def compare(folder, shards):
    """The largest difference of HU, where ctforge kept the slice."""
    import numpy
    from safetensors import safe_open

    reference = numpy.load(folder / "simpleitk.npy")
    largest, kept = 0, 0
    for shard in sorted(shards.glob("train-*.safetensors")):
        with safe_open(shard, "numpy") as file:
            hu, places = file.get_tensor("hu"), file.get_tensor("slice")
        for patch, place in zip(hu, places):
            largest = max(largest, int(abs(patch.astype(int) - reference[place]).max()))
            kept += 1
    return largest, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ctforge", default="build/ctforge")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--simpleitk-child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.simpleitk_child:
        folder, size, crop_first, keep = options.simpleitk_child
        prepare_with_simpleitk(folder, int(size), bool(crop_first), keep)
        return
    with tempfile.TemporaryDirectory(prefix="ctforge-peers-") as temporary:
        root = pathlib.Path(temporary)
        (root / "series").mkdir()
        write_series(root / "series")
        settings = {"run.threads": options.threads, "prepare.input": root / "series", "prepare.spacing_mm": "[1,1,1]",
                    "prepare.patch.cut": "center", "prepare.patch.width": options.size,
                    "prepare.patch.height": options.size, "prepare.split.test_patients": 0,
                    "prepare.split.validation_patients": 0, "prepare.patch.min_body_fraction": 0}
        rows = {"simpleitk": [], "simpleitk, crop only": [], "ctforge": []}
        steps = []
        for run in range(options.runs):
            for name, crop_first in (("simpleitk", ""), ("simpleitk, crop only", "yes")):
                keep = str(root / "simpleitk.npy") if run == 0 and not crop_first else ""
                child = [sys.executable, __file__, "--simpleitk-child", str(root / "series"), str(options.size)]
                seconds, memory, output = timed([*child, crop_first, keep])
                work = json.loads(output)
                rows[name].append((work["work"], seconds, memory))
                if not crop_first:
                    steps.append(work)
            out = root / f"out{run}"
            command = [options.ctforge, "prepare", "--out", str(out)]
            for key, value in settings.items():
                command += ["--set", f"{key}={value}"]
            seconds, memory, _ = timed(command)
            stage = json.loads((out / "manifest.json").read_text())["stages"]["prepare"]
            rows["ctforge"].append((stage["seconds"], seconds, memory))
        print(f"{SLICES} slices of {ROWS} x {ROWS}, {options.size} x {options.size} patches at 1 mm, "
              f"{options.threads} threads, median of {options.runs} alternating runs")
        medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in rows.items()}
        for name, (work, seconds, memory) in medians.items():
            spread = ", ".join(f"{value[0]:.2f}" for value in rows[name])
            print(f"{name:20s} work {work:5.2f} s  process {seconds:5.2f} s  peak {memory / 2**20:5.0f} MiB   ({spread})")
        for step in ("read", "resample", "window and cut"):
            print(f"simpleitk, {step}: {statistics.median(row[step] for row in steps):.2f} s")
        for name in list(rows)[:2]:
            ratio = [ours / theirs for ours, theirs in zip(medians["ctforge"], medians[name])]
            print(f"ctforge / {name}: work {ratio[0]:.3f}, process {ratio[1]:.3f}, memory {ratio[2]:.3f}")
        largest, kept = compare(root, root / "out0" / "data")
        print(f"largest difference in {kept} patches: {largest} HU")


if __name__ == "__main__":
    main()
