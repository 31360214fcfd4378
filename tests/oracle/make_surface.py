#!/usr/bin/env python3
"""Makes surface.json: what DeepMind's surface-distance says of masks that any program can compute.

Usage: python make_surface.py > surface.json
(surface-distance 0.1; names it uses that numpy 2 and newer releases of scipy lack are put back below)
"""
import json

import numpy
import scipy.ndimage

numpy.Inf = numpy.inf
for module in ("filters", "morphology"):
    setattr(scipy.ndimage, module, scipy.ndimage)
import surface_distance.metrics as metrics  # noqa: E402


def sort_pairs(distances, areas):  # sorted(zip()) of Python 2, which numpy no longer takes
    pairs = numpy.array(sorted(zip(distances, areas)))
    return pairs[:, 0], pairs[:, 1]


metrics._sort_distances_surfels = sort_pairs
SHAPE, SPACING = (9, 24, 20), (3.0, 1.25, 0.9)  # z, y, x
z, y, x = numpy.mgrid[0:SHAPE[0], 0:SHAPE[1], 0:SHAPE[2]].astype(float)
reference = ((z - 4) / 3.2) ** 2 + ((y - 11) / 7.5) ** 2 + ((x - 9) / 6.1) ** 2 <= 1
prediction = ((z - 4) / 3.9) ** 2 + ((y - 12) / 6.5) ** 2 + ((x - 10) / 7.3) ** 2 <= 1
prediction &= numpy.sin(x * 1.7) + numpy.cos(y * 2.3) + numpy.sin(z * 2.9 + x) > -1.1  # holes of every kind
found = metrics.compute_surface_distances(reference, prediction, SPACING)
averages = metrics.compute_average_surface_distance(found)
codes = [float(area) for area in metrics.lookup_tables.create_table_neighbour_code_to_surface_area(SPACING)]
print(json.dumps({
    "hausdorff95_mm": float(metrics.compute_robust_hausdorff(found, 95)),
    "from_reference_mm": float(averages[0]), "from_prediction_mm": float(averages[1]),
    "surface_dice": {str(tolerance): float(metrics.compute_surface_dice_at_tolerance(found, tolerance))
                     for tolerance in (0.5, 1.0, 2.0, 3.0)},
    "areas_mm2": codes}))
