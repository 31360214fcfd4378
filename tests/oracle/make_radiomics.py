#!/usr/bin/env python3
"""Makes radiomics.json: what PyRadiomics says of an image and a mask that any program can compute.

Usage: python make_radiomics.py > radiomics.json
(numpy, SimpleITK, PyRadiomics from its repository: 3.1.1.dev111+g8ed579383; PyPI's 3.0.1 does not build any more)
"""
import json
import logging

import numpy
import SimpleITK
from radiomics import featureextractor

logging.getLogger("radiomics").setLevel(logging.ERROR)
SPACING = (1.5, 2.0, 3.0)  # x, y, z


def image(depth):
    z, y, x = numpy.mgrid[0:depth, 0:14, 0:17].astype(float)
    return numpy.round(300 * numpy.sin(x / 3 + z) * numpy.cos(y / 4) + 40 * numpy.cos(x * y / 5) - 20)


def mask(depth):
    z, y, x = numpy.mgrid[0:depth, 0:14, 0:17].astype(float)
    inside = ((x - 8) / 7) ** 2 + ((y - 6) / 5) ** 2 <= 1
    inside &= ~((x > 9) & (y > 6) & (x + y < 18))
    return inside.astype(numpy.uint8)


def features(depth, **settings):
    extractor = featureextractor.RadiomicsFeatureExtractor(force2D=depth == 1, force2Ddimension=0, **settings)
    extractor.disableAllFeatures()
    for family in ["firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"] + (["shape2D" if depth == 1 else "shape"]):
        extractor.enableFeatureClassByName(family)
    pair = [SimpleITK.GetImageFromArray(array) for array in (image(depth), mask(depth))]
    for one in pair:
        one.SetSpacing(SPACING)
    found = extractor.execute(*pair)
    return {name.removeprefix("original_"): float(value) for name, value in found.items() if name.startswith("original")}


print(json.dumps({"slice_width_25": features(1, binWidth=25), "slice_count_16": features(1, binCount=16),
                  "volume_width_40": features(4, binWidth=40)}, indent=0))
