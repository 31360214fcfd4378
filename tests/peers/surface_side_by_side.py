#!/usr/bin/env python3
"""Dice and surface measures of real organs, ours beside DeepMind's surface-distance and MONAI in one run.

Usage: python surface_side_by_side.py [--patients 6]
(numpy, scipy, nibabel, surface-distance 0.1; MONAI where it is installed; ctforge_evaluation_values built; real CT)

Predictions are the organs moved, grown and nibbled at. Against surface-distance, which has Dice by NumPy, and against
MONAI's Dice and its surface Dice with use_subvoxels, which is by area, every figure must agree to 1e-6. MONAI's other
definitions of surfaces differ and are told beside: boundary voxels (mask less its erosion) instead of corners between
voxels, each counting alike instead of by area, and the percentile of their distances by linear interpolation.
"""
import argparse
import time

import numpy
import scipy.ndimage
from evaluation_tool import openkbp, ours, require_parts

numpy.Inf = numpy.inf
for module in ("filters", "morphology"):
    setattr(scipy.ndimage, module, scipy.ndimage)
import surface_distance.metrics as metrics  # noqa: E402


def sort_pairs(distances, areas):
    pairs = numpy.array(sorted(zip(distances, areas)))
    return pairs[:, 0], pairs[:, 1]


metrics._sort_distances_surfels = sort_pairs  # sorted(zip()) as in Python 2


def predictions(mask, generator):
    yield numpy.roll(mask, (1, 2, -1), (0, 1, 2))
    yield scipy.ndimage.binary_dilation(mask)
    yield mask & (generator.random(mask.shape) > 0.1)
    yield scipy.ndimage.binary_closing(mask | (scipy.ndimage.binary_dilation(mask) & (generator.random(mask.shape) > 0.7)))


def monai_scores(prediction, reference, spacing_zyx, tolerance_mm):
    import torch
    from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice

    pair = [torch.from_numpy(mask[None, None].astype(numpy.float32)) for mask in (prediction, reference)]
    hausdorff = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing_zyx)
    dice, subvoxel = (compute_surface_dice(*pair, class_thresholds=[tolerance_mm], include_background=True,
                                           spacing=spacing_zyx, use_subvoxels=by_area) for by_area in (False, True))
    return compute_dice(*pair).item(), hausdorff.item(), dice.item(), subvoxel.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--patients", type=int, default=6)
    options = parser.parse_args()
    require_parts()
    generator, tolerance = numpy.random.default_rng(1), 3.0
    worst, worst_dice, apart, count, seconds, their_seconds = 0.0, 0.0, [], 0, 0.0, 0.0
    try:
        import monai
        beside = monai.__version__
    except ImportError:
        beside = None
    for patient in (1, 2, 4, 12, 13, 16, 17, 20)[:options.patients]:
        _, labels, spacing = openkbp(patient)
        for organ in (1, 2, 3, 4, 7):
            reference = labels == organ
            predicted = list(predictions(reference, generator))
            arrays = {"prediction": numpy.stack(predicted).astype(numpy.uint8),
                      "reference": numpy.stack([reference] * len(predicted)).astype(numpy.uint8)}
            result = ours("surface", arrays, {"spacing_mm": " ".join(map(repr, spacing)), "tolerance_mm": tolerance})
            seconds += result["surface_s"]
            for prediction, mine in zip(predicted, result["scores"]):
                started = time.perf_counter()
                found = metrics.compute_surface_distances(reference, prediction, spacing[::-1])
                averages = metrics.compute_average_surface_distance(found)
                expected = {"hausdorff95_mm": metrics.compute_robust_hausdorff(found, 95),
                            "from_reference_mm": averages[0], "from_prediction_mm": averages[1],
                            "surface_dice": metrics.compute_surface_dice_at_tolerance(found, tolerance)}
                their_seconds += time.perf_counter() - started
                expected["dice"] = metrics.compute_dice_coefficient(reference, prediction)
                worst = max([worst] + [abs(mine[name] - value) for name, value in expected.items()])
                count += 1
                if beside:
                    overlap, hausdorff, *dice = monai_scores(prediction, reference, spacing[::-1], tolerance)
                    worst_dice = max(worst_dice, abs(mine["dice"] - overlap))
                    apart.append([hausdorff - mine["hausdorff95_mm"]] + [one - mine["surface_dice"] for one in dice])
    print(f"surface-distance: {count} pairs, largest difference of any figure {worst:.2g} (mm or parts); "
          f"surfaces alone {seconds:.2f} s, theirs {their_seconds:.2f} s")
    if beside:
        print(f"MONAI {beside}, Dice: largest difference {worst_dice:.2g}")
        for name, values in zip(("95 % Hausdorff, mm", "surface Dice", "surface Dice, use_subvoxels"),
                                numpy.array(apart).T):
            print(f"MONAI {beside} less ours, {name}: mean {values.mean():.3g}, from {values.min():.3g} to {values.max():.3g}")
    else:
        print("MONAI is not installed: not compared")
    if max(worst, worst_dice, max((abs(one[-1]) for one in apart), default=0)) > 1e-6:
        raise SystemExit("differs")


if __name__ == "__main__":
    main()
