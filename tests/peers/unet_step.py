"""A training step of the U-Net beside diffusers' in one run, and with gradient checkpointing beside without.

Usage: python unet_step.py BUILD_FOLDER [THREADS]        (needs torch, diffusers; ctforge_unet_step of preset dev, or of
                                                          -D CTFORGE_BUILD_BENCHMARKS=ON)

64x64, channels 64/128/256, attention at the last level, batch 16, bfloat16 autocast, AdamW. Rounds alternate between the
programs, so that what else the machine does falls on all of them; figures are medians over rounds.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import torch
from diffusers import UNet2DModel

ROUNDS, STEPS, BATCH = 5, 6, 16


def ours(program, kind, threads, batch=BATCH, steps=STEPS, environment=None):
    output = subprocess.run([program, str(steps), str(batch), kind, str(threads)], check=True, capture_output=True,
                            env={**os.environ, **(environment or {})})
    return json.loads(output.stdout)


class Theirs:
    def __init__(self, head_dim):
        torch.manual_seed(0)
        self.net = UNet2DModel(sample_size=64, in_channels=3, out_channels=3, block_out_channels=(64, 128, 256),
                               down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
                               up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"), layers_per_block=2,
                               attention_head_dim=head_dim).to(memory_format=torch.channels_last).train()
        self.optimiser = torch.optim.AdamW(self.net.parameters())

    def images_per_s(self):
        seconds = []
        for _ in range(STEPS):
            start = time.perf_counter()
            x = torch.randn(BATCH, 3, 64, 64).to(memory_format=torch.channels_last)
            self.optimiser.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                y = self.net(x, torch.rand(BATCH) * 1000).sample
            (y.float() - x).square().mean().backward()
            self.optimiser.step()
            seconds.append(time.perf_counter() - start)
        return BATCH / statistics.median(seconds[2:])


def main(build, threads):
    torch.set_num_threads(threads)
    program = pathlib.Path(build) / "ctforge_unet_step"
    theirs = Theirs(64)  # as ours; 8, their default, is slower
    rows = {"ctforge": [], "ctforge, checkpointing": [], "diffusers": []}
    for _ in range(ROUNDS):
        rows["ctforge"].append(ours(program, "plain", threads)["images_per_s"])
        rows["ctforge, checkpointing"].append(ours(program, "recomputed", threads)["images_per_s"])
        rows["diffusers"].append(theirs.images_per_s())
    median = {name: statistics.median(values) for name, values in rows.items()}
    for name, value in median.items():
        print(f"{name:24} {value:6.2f} images/s")
    print(f"ctforge over diffusers {median['ctforge'] / median['diffusers']:.2f}")
    print(f"time with checkpointing over without {median['ctforge'] / median['ctforge, checkpointing']:.2f}")
    kept = []
    for batch in (BATCH, 4 * BATCH):
        # Every tensor mapped for itself: what is freed leaves the process, and what stays is what the step holds. Without
        # this glibc keeps holes between tensors of changing sizes, which cost a step with checkpointing about 0.2 more.
        mapped = {"MALLOC_MMAP_THRESHOLD_": "65536"}
        plain, less = (ours(program, kind, threads, batch, 2, mapped)["peak_bytes"] for kind in ("plain", "recomputed"))
        print(f"peak memory of a step, batch {batch}: {plain / 2**20:.0f} MiB, with checkpointing {less / 2**20:.0f} MiB, "
              f"ratio {less / plain:.3f}")
        kept.append(less / plain)
    slower = median["ctforge"] / median["ctforge, checkpointing"]
    failed = [text for text, met in (("as fast as diffusers", median["ctforge"] >= median["diffusers"]),
                                     ("memory with checkpointing at most 0.45", max(kept) <= 0.45),
                                     ("time with checkpointing at most 1.4", slower <= 1.4)) if not met]
    print("met" if not failed else "not met: " + "; ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2))
