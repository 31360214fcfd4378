#!/usr/bin/env python3
"""Makes ssim.json: what scikit-image says of two images that any program can compute.

Usage: python make_ssim.py > ssim.json        (numpy, scikit-image)
"""
import json

import numpy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

y, x = numpy.mgrid[0:24, 0:32].astype(float)
a = numpy.sin(x / 3) * numpy.cos(y / 4)
b = a + 0.2 * numpy.cos(x * y / 7)
print(json.dumps({
    "ssim": structural_similarity(a, b, data_range=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
    "psnr": peak_signal_noise_ratio(a, b, data_range=2),
}))
