"""Samples random U-Nets with diffusers' schedulers and with ctforge from the same noise, and compares where they end.

Usage: python diffusion_trajectories.py build/ctforge [NAME]   (needs torch, diffusers, safetensors, numpy)

Every sampler and grid that both have (diffusion_cases.py, which says what is left out and why); with NAME only cases
that have it in theirs. Networks in float32 on both sides. Prints one line a case: the relative difference (norm of the
difference over norm) from diffusers as it is, whose tables and states are float32, and from the same schedulers in
float64, as ours are. Fails where the latter is above 1e-4; the former is too, from float32 alone, for Euler from
sigma / alpha = 20291 and 2S towards data (cosine schedule), and for UniPC 3 on the straight path's Karras grid.
Both begin at the same point, which is ours: diffusers scales the noise by sigma (Euler, Heun), sqrt(sigma^2 + 1) (EDM)
or 1 (flow), which differs by 2e-5, 8e-5 and up to 1e-3.
"""
import contextlib
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

import numpy
import torch
from diffusers import EDMEulerScheduler, FlowMatchEulerDiscreteScheduler, UNet2DModel
from diffusers.schedulers.deprecated.scheduling_karras_ve import KarrasVeScheduler
from safetensors.torch import load_file, save_file

from diffusion_cases import all_cases, is_edm, is_flow, settings_of, starting_factor

LIMIT = 1e-4


def unet(out_channels):
    torch.manual_seed(2)
    return UNet2DModel(sample_size=16, in_channels=3, out_channels=out_channels, block_out_channels=(16, 32),
                       down_block_types=["DownBlock2D", "AttnDownBlock2D"], layers_per_block=1, norm_num_groups=8,
                       up_block_types=["AttnUpBlock2D", "UpBlock2D"], attention_head_dim=16).eval()


FLOAT32, NUMPY32 = torch.float32, numpy.float32


@contextlib.contextmanager
def in_float64():
    """Schedulers ask for float32 by name; meanwhile that name means float64."""
    torch.float32 = torch.float64
    numpy.float32 = numpy.float64
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.float32, numpy.float32 = FLOAT32, NUMPY32
        torch.set_default_dtype(FLOAT32)


def asked(net, x, t):
    told = t if torch.is_tensor(t) else torch.tensor(t)
    return net(x.to(FLOAT32), told.to(FLOAT32)).sample.to(x.dtype)


def stepped(net, case, x):
    """Their loop as their pipelines write it."""
    scheduler = case.scheduler
    for t in scheduler.timesteps:
        heard = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        x = scheduler.step(asked(net, heard, t), t, x, **case.extra).prev_sample
    return x


def stepped_twice(net, case, x):
    """KarrasVePipeline's loop, with the preconditioning of Karras et al. 2022 instead of its own."""
    scheduler, edm = case.scheduler, EDMEulerScheduler()

    def slope(at, sigma):
        output = asked(net, edm.precondition_inputs(at, sigma), edm.precondition_noise(sigma))
        return (edm.precondition_outputs(at, output, sigma) - at) / sigma

    for t in scheduler.timesteps:
        following = scheduler.schedule[t - 1] if t > 0 else 0
        x, sigma = scheduler.add_noise_to_input(x, scheduler.schedule[t])
        tried = scheduler.step(slope(x, sigma), sigma, following, x)
        if following > 0:
            tried = scheduler.step_correct(slope(tried.prev_sample, following), sigma, following, x, tried.prev_sample,
                                           tried.derivative)
        x = tried.prev_sample
    return x


@torch.no_grad()
def theirs(net, case, noise, step_noise):
    """What they draw in a step comes from step_noise."""
    case.prepare(case.scheduler)
    drawn = iter(step_noise)
    loop = stepped_twice if isinstance(case.scheduler, KarrasVeScheduler) else stepped
    module = type(case.scheduler).__module__
    with mock.patch(f"{module}.randn_tensor", lambda *a, **k: next(drawn), create=True):
        return loop(net, case, noise * starting_factor(case.scheduler))


def ours(program, root, net, case, noise, step_noise, settings):
    net.save_pretrained(root / "net")
    # What tells of the same path and target, where the scheduler's own class or keys do not.
    told = (FlowMatchEulerDiscreteScheduler() if is_flow(case.scheduler) else
            EDMEulerScheduler() if is_edm(case.scheduler) else case.scheduler)
    told.save_pretrained(root / "net" / "scheduler")
    save_file({"noise": noise, "step_noise": step_noise}, root / "noise.safetensors")
    command = [program, "sample", "--checkpoint", root / "net", "--noise", root / "noise.safetensors", "--out",
               root / "run", "--set", "run.threads=1"]  # more only wait for each other
    for setting in settings.split():
        command += ["--set", f"sample.{setting}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return load_file(root / "run" / "samples" / "raw.safetensors")["sample"]


def difference(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def compared(program, plain, exact, seed):
    """Of one case, twice made: from diffusers as it is, and in float64."""
    net = unet(6 if plain.learned else 3)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2, 3, 16, 16, generator=generator)
    step_noise = torch.randn(plain.step_noise, 2, 3, 16, 16, generator=generator)
    as_it_is = theirs(net, plain, noise, step_noise)
    with in_float64():
        expected = theirs(net, exact, noise.double(), step_noise.double())
    with tempfile.TemporaryDirectory() as folder:
        found = ours(program, pathlib.Path(folder), net, plain, noise, step_noise,
                     settings_of(exact, exact.scheduler))
    return difference(found, as_it_is), difference(found, expected)


def main(program, name=""):
    torch.set_num_threads(1)
    worst, compared_cases, above = 0.0, 0, 0
    with in_float64():
        exact = list(all_cases())
    for seed, (case, case64) in enumerate(zip(all_cases(), exact)):
        if name not in case.name:
            continue
        compared_cases += 1
        try:
            from_plain, from_exact = compared(program, case, case64, seed)
        except subprocess.CalledProcessError as error:
            from_plain = from_exact = float("inf")
            print(f"{case.name}: {error.stderr.strip()}")
        failed = not from_exact < LIMIT  # nor is a number that is none
        above += failed
        worst = max(worst, from_exact) if from_exact == from_exact else float("inf")
        print(f"{case.name:38} {from_plain:.2e}   in float64 {from_exact:.2e}"
              f"{'   above ' + str(LIMIT) if failed else ''}", flush=True)
    print(f"{compared_cases} cases, {above} above {LIMIT}; largest relative difference from float64 {worst:.2e}")
    return 0 if compared_cases > 0 and above == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
