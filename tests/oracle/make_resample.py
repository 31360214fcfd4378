"""Writes resample.json: small volumes resampled by SimpleITK (not coarsened) and torch (coarsened, anti-aliased).

Needs SimpleITK, torch and numpy (2.5.7, 2.13 and 2 were used): python tests/oracle/make_resample.py
"""
import json
import math
import pathlib

import numpy
import SimpleITK
import torch

random = numpy.random.default_rng(20)


def flat(array):
    return [round(float(value), 4) for value in numpy.asarray(array).ravel()]


def finer():
    """Linear interpolation on an oblique volume, and label-wise linear interpolation of labels, by SimpleITK."""
    hu = random.integers(-1024, 3071, (5, 6, 7)).astype(numpy.int16)
    label = random.integers(0, 4, (5, 6, 7)).astype(numpy.uint8)
    spacing = (2.0, 1.5, 3.0)
    angle = 0.3
    direction = (math.cos(angle), -math.sin(angle), 0, math.sin(angle), math.cos(angle), 0, 0, 0, 1)
    target_spacing = (1.03, 1.5, 1.37)

    def image(array):
        result = SimpleITK.GetImageFromArray(array)
        result.SetSpacing(spacing)
        result.SetOrigin((-10.0, 20.0, 5.0))
        result.SetDirection(direction)
        return result

    source = image(hu.astype(numpy.float32))
    size = [round(n * s / t) for n, s, t in zip(source.GetSize(), spacing, target_spacing)]
    first = [0.5 * t / s - 0.5 for s, t in zip(spacing, target_spacing)]
    origin = source.TransformContinuousIndexToPhysicalPoint(first)

    def resample(what, interpolator):
        return SimpleITK.GetArrayFromImage(SimpleITK.Resample(
            what, size, SimpleITK.Transform(), interpolator, origin, target_spacing, direction, 12345))

    return {
        "size": [7, 6, 5], "spacing_mm": spacing, "origin_mm": [-10, 20, 5], "direction": direction,
        "hu": hu.ravel().tolist(), "label": label.ravel().tolist(), "target_spacing_mm": target_spacing,
        "target_size": size, "target_origin_mm": origin,
        "target_hu": flat(resample(source, SimpleITK.sitkLinear)),
        "target_label": resample(image(label), SimpleITK.sitkLabelLinear).ravel().tolist(),
        "target_nearest": resample(image(label), SimpleITK.sitkNearestNeighbor).ravel().tolist(),
    }


def torch_coarser(volume, ratios):
    """Along y and x, then along z, each by interpolate(antialias=True) with the exact ratio; ratios are x, y, z."""
    x = torch.as_tensor(volume, dtype=torch.float64)[:, None]
    x = torch.nn.functional.interpolate(x, scale_factor=(1 / ratios[1], 1 / ratios[0]), mode="bilinear",
                                        antialias=True, align_corners=False)[:, 0]
    flat_slices = x.reshape(1, 1, x.shape[0], -1)
    y = torch.nn.functional.interpolate(flat_slices, scale_factor=(1 / ratios[2], 1.0), mode="bilinear",
                                        antialias=True, align_corners=False)
    return y[0, 0].reshape(-1, *x.shape[1:]).numpy()


def coarser():
    """13 voxels at ratio 1.5 give 9 here and 8 in torch, which cuts the extent: the first 8 are compared."""
    hu = random.integers(-1024, 3071, (9, 10, 13)).astype(numpy.int16)
    label = numpy.zeros((9, 10, 13), numpy.uint8)
    label[1:6, 2:7, 3:8] = 1
    label[4:9, 5:10, 6:13] = 2
    label[0:3, 6:10, 0:4] = 5
    ratios = (1.5, 2.5, 3.0)
    votes = numpy.stack([torch_coarser(label == value, ratios) for value in range(6)])
    ordered = numpy.sort(votes, axis=0)
    clear = (ordered[-1] - ordered[-2]) > 1e-4
    return {
        "size": [13, 10, 9], "ratios": ratios, "hu": hu.ravel().tolist(), "label": label.ravel().tolist(),
        "compared_size": list(torch_coarser(hu, ratios).shape[::-1]), "target_hu": flat(torch_coarser(hu, ratios)),
        "target_label": votes.argmax(axis=0).ravel().tolist(), "label_is_clear": clear.astype(int).ravel().tolist(),
    }


path = pathlib.Path(__file__).with_name("resample.json")
path.write_text(json.dumps({"finer": finer(), "coarser": coarser()}) + "\n")
