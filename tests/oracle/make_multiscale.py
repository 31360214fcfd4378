#!/usr/bin/env python3
"""Makes multiscale.json: what pytorch-msssim says of two images that any program can compute.

Usage: python make_multiscale.py > multiscale.json        (torch, pytorch-msssim)
"""
import json

import torch
from pytorch_msssim import ms_ssim

y, x = torch.meshgrid(torch.arange(176, dtype=torch.float64), torch.arange(192, dtype=torch.float64), indexing="ij")
a = torch.sin(x / 3) * torch.cos(y / 4) + 0.3 * torch.sin(x * y / 900)
b = a + 0.4 * torch.cos(x * y / 7)
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def similarity(scales):
    weights = [weight / sum(WEIGHTS[:scales]) for weight in WEIGHTS[:scales]]
    return ms_ssim(a[None, None], b[None, None], data_range=2, weights=weights, size_average=False).item()


print(json.dumps({str(scales): similarity(scales) for scales in range(1, 6)}))
