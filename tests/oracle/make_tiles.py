#!/usr/bin/env python3
"""Makes nets_tiles.safetensors: an image encoded and decoded in tiles by diffusers' AutoencoderKL.

Usage: python make_tiles.py nets_tiles.safetensors        (torch, diffusers 0.42.1, safetensors)
"""
import json
import sys

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

torch.manual_seed(5)
config = dict(in_channels=2, out_channels=2, down_block_types=["DownEncoderBlock2D"] * 2,
              up_block_types=["UpDecoderBlock2D"] * 2, block_out_channels=[8, 8], layers_per_block=1,
              latent_channels=2, norm_num_groups=4, sample_size=16)
vae = AutoencoderKL(**config).eval()
vae.enable_tiling()
vae.tile_sample_min_size, vae.tile_latent_min_size, vae.tile_overlap_factor = 16, 8, 0.25
x = torch.randn(1, 2, 40, 28)
with torch.no_grad():
    moments = vae.encode(x).latent_dist
    y = vae.decode(moments.mean).sample
tensors = {"weight." + k: v for k, v in vae.state_dict().items()}
tensors |= {"x": x, "mean": moments.mean, "logvar": moments.logvar, "y": y}
save_file({k: v.contiguous() for k, v in tensors.items()}, sys.argv[1], {"config": json.dumps(config)})
