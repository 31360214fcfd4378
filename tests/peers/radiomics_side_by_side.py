#!/usr/bin/env python3
"""Radiomics of real CT slices and volumes, ours beside PyRadiomics in one run: values and time. And the Fréchet radiomics
distances beside frd-score's on the same features.

Usage: python radiomics_side_by_side.py [--slices 24] [--repeats 5] [--workers 2]
(numpy, nibabel, SimpleITK, PyRadiomics from its repository, frd-score; ctforge_evaluation_values built; real CT)

Definitions that differ, and what is compared instead:
  firstorder_Kurtosis        ours is the excess (IBSI IPH6), PyRadiomics' is 3 more
  ngtdm_* of isolated voxels ours leaves voxels without a neighbour out (IBSI IPET), PyRadiomics counts them with a
                             difference of 0: regions that have one are compared but for NGTDM
  entropies, Correlation     PyRadiomics adds 2.2e-16 within logarithms and quotients: below 1e-6 relative, but for values
                             that are themselves that close to 0 (compared to 1e-12 absolute)
  glcm_MCC, glcm_Imc2        square roots of differences that vanish for flat regions: absolute 1e-6
  flat regions               PyRadiomics' bins of a given number put a flat region in the middle bin, ours in the first
"""
import argparse
import logging
import multiprocessing
import statistics
import time

import numpy
import SimpleITK
from evaluation_tool import openkbp, ours, require_parts, sarcoma
from radiomics import featureextractor
from scipy import ndimage

logging.getLogger("radiomics").setLevel(logging.ERROR)
FAMILIES = ["firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"]


def extractor_of(bins, flat):
    extractor = featureextractor.RadiomicsFeatureExtractor(force2D=flat, force2Ddimension=0, minimumROIDimensions=1, **bins)
    extractor.disableAllFeatures()
    for family in FAMILIES + ["shape2D" if flat else "shape"]:
        extractor.enableFeatureClassByName(family)
    return extractor


def theirs(job):
    value, inside, spacing, bins = job
    pair = [SimpleITK.GetImageFromArray(value), SimpleITK.GetImageFromArray(inside.astype(numpy.uint8))]
    for one in pair:
        one.SetSpacing(spacing)
    found = extractor_of(bins, value.shape[0] == 1).execute(*pair)
    return {name.removeprefix("original_"): float(number) for name, number in found.items()
            if name.startswith("original_")}


def our_features(regions, spacing, bins, threads=1):
    result = ours("radiomics", {"value": numpy.stack([value for value, _ in regions]).astype(numpy.float64),
                                "inside": numpy.stack([inside for _, inside in regions]).astype(numpy.uint8)},
                  {"spacing_mm": " ".join(map(repr, spacing)), "bin_width": bins.get("binWidth", 25),
                   "bin_count": bins.get("binCount", 0)}, threads)
    found = []
    for values, shapes in zip(result["values"], result["shapes"]):
        own = dict(zip(result["names"], values)) | dict(zip(result["shape_names"], shapes))
        own["firstorder_Kurtosis"] += 3
        found.append(own)
    return found, result["seconds"]


def has_isolated(inside):
    near = numpy.ones((3, 3, 3) if inside.shape[0] > 1 else (1, 3, 3))
    return bool(((ndimage.convolve(inside.astype(int), near, mode="constant") == 1) & (inside > 0)).any())


def compare(title, regions, spacing, bins):
    mine, _ = our_features(regions, spacing, bins)
    worst, compared = (0.0, ""), 0
    for (value, inside), own in zip(regions, mine):
        for name, expected in theirs((value, inside, spacing, bins)).items():
            if name.startswith("ngtdm_") and has_isolated(inside):
                continue
            apart = abs(own[name] - expected)
            absolute = 1e-6 if name in ("glcm_MCC", "glcm_Imc2") else 1e-12
            relative = 0.0 if apart <= absolute else apart / abs(expected) if expected else numpy.inf
            worst, compared = max(worst, (relative, name)), compared + 1
    print(f"{title}: {len(regions)} regions, {compared} values, largest relative difference {worst[0]:.2g} {worst[1]}")
    return worst[0]


def head_slices(count):
    """64 x 64 crops about the middle of the head, from several patients, wholly inside the region."""
    slices, spacing = [], None
    for patient in (1, 2, 4, 12, 13, 16, 17, 20):
        value, _, spacing = openkbp(patient)
        for z in numpy.linspace(5, value.shape[0] - 6, -(-count // 8)).astype(int):
            crop = value[z:z + 1, 32:96, 32:96]
            slices.append((crop, numpy.ones(crop.shape, numpy.uint8)))
    return slices[:count], spacing


def organ_slices():
    regions, spacing = [], None
    for patient in (1, 2, 4):
        value, labels, spacing = openkbp(patient)
        for organ in (1, 2, 3, 4, 7):
            sizes = (labels == organ).sum(axis=(1, 2))
            for z in (int(sizes.argmax()), int(numpy.flatnonzero(sizes)[0])):
                inside = (labels[z:z + 1] == organ).astype(numpy.uint8)
                if inside.sum() > 3 and numpy.ptp(value[z:z + 1][inside > 0]) > 0:
                    regions.append((value[z:z + 1], inside))
    return regions, spacing


def tumour_slices(patient):
    value, mask, spacing = sarcoma(patient)
    return [(value[z:z + 1], mask[z:z + 1]) for z in range(value.shape[0]) if mask[z].sum() > 30][::3], spacing


def time_both(slices, spacing, repeats, workers):
    bins = {"binWidth": 25}
    jobs = [(value, inside, spacing, bins) for value, inside in slices]
    mine, other = [], []
    with multiprocessing.Pool(workers) as pool:
        pool.map(theirs, jobs[:workers])
        for _ in range(repeats):
            mine.append(our_features(slices, spacing, bins, workers)[1] / len(slices))
            started = time.perf_counter()
            pool.map(theirs, jobs, chunksize=1)
            other.append((time.perf_counter() - started) / len(slices))
    a, b = statistics.median(mine), statistics.median(other)
    print(f"time of a 64 x 64 slice on {workers} workers, median of {repeats}: ours {1e3 * a:.2f} ms, PyRadiomics "
          f"{1e3 * b:.1f} ms, {b / a:.1f} times (least and most of ours {1e3 * min(mine):.2f} {1e3 * max(mine):.2f}, of "
          f"theirs {1e3 * min(other):.1f} {1e3 * max(other):.1f})")
    if b / a < 10:
        raise SystemExit("less than 10 times as fast as PyRadiomics")


def compare_frechet(slices, spacing):
    from frd_score import frd

    features, _ = our_features(slices, spacing, {"binWidth": 25})
    names = [name for name in features[0] if not name.startswith("shape2D")]
    matrix = numpy.array([[own[name] for name in names] for own in features])
    generator = numpy.random.default_rng(3)
    # More rows than features: drawn about the measured ones.
    large = matrix.mean(0) + generator.normal(size=(400, 93)) @ generator.normal(size=(93, 93)) / 10 * matrix.std(0)
    for title, real, other in (("measured", matrix[::2], matrix[1::2]), ("N > D", large[:200], large[200:] * 1.02)):
        found = ours("radiomic_frechet", {"real": real, "other": other}, {})
        joint = numpy.concatenate([real, other])
        low, high = frd.V0_DEFAULT_NORM_RANGE
        scaled = [frd.min_max_normalize(side, low, high, base_distribution=joint) for side in (real, other)]
        standard = [frd.z_score_normalize(side, base_distribution=real, replace_nan=False, handle_std_zero=False)
                    for side in (real, other)]
        keep = numpy.isfinite(standard[0]).all(0) & numpy.isfinite(standard[1]).all(0) & (numpy.ptp(real, axis=0) > 0)
        standard = [side[:, keep] for side in standard]
        v0, v1 = (frd.calculate_frechet_distance(a.mean(0), numpy.cov(a, rowvar=False), b.mean(0),
                                                 numpy.cov(b, rowvar=False)) for a, b in (scaled, standard))
        print(f"Fréchet radiomics distance, {title} ({len(real)} and {len(other)} of 93): v0 {found['v0']:.9g} frd-score "
              f"{v0:.9g} (relative {abs(found['v0'] / v0 - 1):.1g}); v1 {found['v1']:.9g} frd-score "
              f"{numpy.log(v1):.9g} (relative, before the logarithm, {abs(numpy.exp(found['v1']) / v1 - 1):.1g})")
        # Of fewer rows than features their root of a singular product is itself good to about six digits.
        if max(abs(found["v0"] / v0 - 1), abs(numpy.exp(found["v1"]) / v1 - 1)) > (1e-8 if len(real) > 93 else 1e-5):
            raise SystemExit("the Fréchet radiomics distances differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--slices", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    require_parts()
    slices, spacing = head_slices(options.slices)
    worst = [compare("head and neck, whole slices, 25 HU", slices, spacing, {"binWidth": 25}),
             compare("head and neck, whole slices, 32 bins", slices[:8], spacing, {"binCount": 32}),
             compare("head and neck, organs, 25 HU", *organ_slices(), {"binWidth": 25}),
             compare("head and neck, organs, 16 bins", *organ_slices(), {"binCount": 16})]
    for patient in ("STS_002", "STS_019", "STS_025"):
        worst.append(compare(f"sarcoma {patient}, slices, 25 HU", *tumour_slices(patient), {"binWidth": 25}))
    value, mask, spacing_tumour = sarcoma("STS_002")
    worst.append(compare("sarcoma STS_002, volume, 25 HU", [(value, (mask > 0).astype(numpy.uint8))], spacing_tumour,
                         {"binWidth": 25}))
    compare_frechet(slices, spacing)
    time_both(slices, spacing, options.repeats, options.workers)
    if max(worst) > 1e-6:
        raise SystemExit(f"differs by {max(worst):.2g}")


if __name__ == "__main__":
    main()
