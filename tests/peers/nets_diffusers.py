"""Opens with diffusers the folders that ctforge_nets_tests wrote: no missing or unexpected keys, the same outputs.

Usage: CTFORGE_NETS_FOLDER=DIR build/ctforge_nets_tests --gtest_filter='DiffusersFolder.*'
       python nets_diffusers.py DIR        (needs torch, diffusers, safetensors)
"""
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, UNet2DModel
from safetensors.torch import load_file


def opened(kind, folder):
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    wrong = {k: v for k, v in info.items() if v}
    assert not wrong, wrong
    return model.eval(), load_file(folder / "values.safetensors")


def compare(name, ours, theirs):
    worst = (ours - theirs).abs().max().item()
    print(f"{name}: largest difference {worst:.2e}")
    assert worst < 1e-5, name


@torch.no_grad()
def main(root):
    net, v = opened(UNet2DModel, root / "unet")
    compare("UNet2DModel", v["y"], net(v["x"], v["c_noise"], v["labels"]).sample)
    vae, v = opened(AutoencoderKL, root / "vae")
    posterior = vae.encode(v["x"]).latent_dist
    compare("AutoencoderKL mean", v["mean"], posterior.mean)
    compare("AutoencoderKL logvar", v["logvar"], posterior.logvar)
    compare("AutoencoderKL decoded", v["y"], vae.decode(v["mean"]).sample)
    assert (vae.config.scaling_factor, vae.config.shift_factor) == (0.83, -0.1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
