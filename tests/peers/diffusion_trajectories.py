"""Samples random U-Nets with diffusers' schedulers and with ctforge from the same noise, and compares where they end.

Usage: python diffusion_trajectories.py build/ctforge        (needs torch, diffusers, safetensors, numpy)

Every sampler and grid that both have; networks in float32 on both sides. Prints one line a case: the relative difference
(norm of the difference over norm) from diffusers as it is, whose tables and states are float32, and from the same
schedulers in float64, as ours are. Fails where the latter is above 1e-4. Not compared: DDIMScheduler with spacing
linspace, which goes from each of its timesteps t to t - 1000 / steps, and not to the next of them. Starting noise is
scaled as each side does it (Euler and Heun: by sigma here, by sqrt(sigma^2 + 1) there, which is most of their difference).
"""
import contextlib
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

import numpy
import torch
from diffusers import (CMStochasticIterativeScheduler, DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       EDMDPMSolverMultistepScheduler, EDMEulerScheduler, EulerDiscreteScheduler,
                       FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, HeunDiscreteScheduler,
                       PNDMScheduler, UNet2DModel, UniPCMultistepScheduler)
from safetensors.torch import load_file, save_file

LINEAR = dict(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
COSINE = dict(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")
STEPS = 10
LIMIT = 1e-4
# sigma / alpha of the linear schedule's first and last step: the limits of diffusers' Karras and exponential grids.
FIRST, LAST = 0.010000499, 157.40733


def unet(channels, out_channels=None):
    torch.manual_seed(len(channels))
    return UNet2DModel(sample_size=16, in_channels=3, out_channels=out_channels or 3, block_out_channels=channels,
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


@torch.no_grad()
def theirs(net, scheduler, noise, step_noise, prepare, sigma):
    """Their loop as their pipelines write it; noise of a step comes from step_noise."""
    prepare(scheduler)
    drawn = iter(step_noise)
    x = noise * (sigma if sigma is not None else scheduler.init_noise_sigma)
    module = type(scheduler).__module__
    with mock.patch(f"{module}.randn_tensor", lambda *a, **k: next(drawn), create=True):
        for t in scheduler.timesteps:
            heard = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
            told = t if torch.is_tensor(t) else torch.tensor(t)
            output = net(heard.to(FLOAT32), told.to(FLOAT32)).sample.to(x.dtype)
            extra = {"variance_noise": next(drawn)} if getattr(scheduler, "takes_noise", False) else {}
            if getattr(scheduler, "eta", None):
                extra["eta"] = scheduler.eta
            x = scheduler.step(output, t, x, **extra).prev_sample
    return x


def ours(program, root, net, scheduler, noise, step_noise, settings):
    net.save_pretrained(root / "net")
    scheduler.save_pretrained(root / "net" / "scheduler")
    save_file({"noise": noise, "step_noise": step_noise}, root / "noise.safetensors")
    command = [program, "sample", "--checkpoint", root / "net", "--noise", root / "noise.safetensors", "--out",
               root / "run"]
    for setting in settings.split():
        command += ["--set", f"sample.{setting}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return load_file(root / "run" / "samples" / "raw.safetensors")["sample"]


def spaced(steps=STEPS):
    return lambda scheduler: scheduler.set_timesteps(steps)


def unrounded(scheduler):
    """DPMSolverMultistepScheduler tells the network whole timesteps on these grids; its solver goes by the levels."""
    scheduler.set_timesteps(STEPS)
    table = numpy.log(((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod).numpy() ** 0.5)
    levels = numpy.array([float(sigma) for sigma in scheduler.sigmas[:-1]])
    scheduler.timesteps = torch.tensor(scheduler._sigma_to_t(levels, table))


def flow_sigmas(shift):
    """Trailing, then shifted: they shift what they are given."""
    return lambda scheduler: scheduler.set_timesteps(sigmas=numpy.linspace(1, 1 / STEPS, STEPS).tolist())


def noisy(scheduler, **attributes):
    for name, value in attributes.items():
        setattr(scheduler, name, value)
    return scheduler


def ddpm(variance, **options):
    return DDPMScheduler(**{**LINEAR, **options}, clip_sample=False, variance_type=variance)


def dpm(**options):
    return DPMSolverMultistepScheduler(**{**LINEAR, **options})


def karras(low=FIRST, high=LAST):
    return f"grid=karras sigma_min={low} sigma_max={high}"


def log_snr():
    return f"grid=log_snr sigma_min={FIRST} sigma_max={LAST}"


def cases():
    """name, their scheduler, how it is prepared, our settings, and what else their loop wants."""
    for spacing, grid in (("leading", "leading"), ("trailing", "trailing"), ("linspace", "uniform")):
        if grid != "uniform":
            yield (f"DDIM, {grid}", DDIMScheduler(**LINEAR, clip_sample=False, timestep_spacing=spacing), spaced(),
                   f"sampler=ddim grid={grid} sigma_max=1e6", {})
        yield (f"Euler, {grid}", EulerDiscreteScheduler(**LINEAR, timestep_spacing=spacing), spaced(),
               f"sampler=euler grid={grid} sigma_max=1e6", {})
    yield ("DDIM, cosine, velocity", DDIMScheduler(**COSINE, clip_sample=False, timestep_spacing="trailing",
                                                   prediction_type="v_prediction"), spaced(),
           "sampler=ddim grid=trailing", {})
    yield ("DDIM, cosine, data", DDIMScheduler(**COSINE, clip_sample=False, timestep_spacing="trailing",
                                               prediction_type="sample"), spaced(), "sampler=ddim grid=trailing", {})
    yield ("DDIM, zero terminal SNR", DDIMScheduler(**LINEAR, clip_sample=False, timestep_spacing="trailing",
                                                    prediction_type="v_prediction", rescale_betas_zero_snr=True),
           spaced(), "sampler=ddim grid=trailing", {})
    yield ("DDIM, eta 1", noisy(DDIMScheduler(**LINEAR, clip_sample=False), takes_noise=True, eta=1.0), spaced(),
           "sampler=ddim eta=1 grid=leading sigma_max=1e6", {})
    for variance in ("fixed_small", "fixed_large", "learned_range"):
        yield (f"DDPM, {variance}", ddpm(variance), spaced(1000),
               f"sampler=ddpm steps=1000 grid=uniform sigma_max=1e6 variance={variance.split('_range')[0]}",
               {"learned": variance == "learned_range", "noise": 1000})
    yield ("Euler, Karras", EulerDiscreteScheduler(**LINEAR, use_karras_sigmas=True, timestep_spacing="linspace"),
           spaced(), f"sampler=euler {karras()}", {})
    yield ("Heun, Karras", HeunDiscreteScheduler(**LINEAR, use_karras_sigmas=True, timestep_spacing="linspace"),
           spaced(), f"sampler=heun {karras()}", {})
    for order in (1, 2, 3):
        name = {1: "euler", 2: "dpmpp_2m", 3: "dpmpp_3m"}[order]
        yield (f"DPM-Solver++ {order}, trailing", dpm(solver_order=order, timestep_spacing="trailing"), spaced(),
               f"sampler={name} grid=trailing sigma_max=1e6", {})
    for name, option, grid in (("Karras", "use_karras_sigmas", karras()), ("log-SNR", "use_lu_lambdas", log_snr()),
                               ("exponential", "use_exponential_sigmas", log_snr().replace("log_snr", "exponential"))):
        yield (f"DPM-Solver++ 2M, {name}", dpm(solver_order=2, **{option: True}), unrounded,
               f"sampler=dpmpp_2m {grid}", {})
    yield ("DPM-Solver++ 2M, 20 steps", dpm(solver_order=2, timestep_spacing="trailing"), spaced(20),
           "sampler=dpmpp_2m steps=20 grid=trailing sigma_max=1e6", {})
    yield ("DPM-Solver++ 2M SDE", noisy(dpm(solver_order=2, algorithm_type="sde-dpmsolver++",
                                            timestep_spacing="trailing"), takes_noise=True), spaced(),
           "sampler=dpmpp_2m_sde grid=trailing sigma_max=1e6", {})
    for order in (1, 2, 3):
        yield (f"UniPC {order}", UniPCMultistepScheduler(**LINEAR, solver_order=order, timestep_spacing="trailing"),
               spaced(), f"sampler=unipc order={order} grid=trailing sigma_max=1e6", {})
    yield ("PNDM", PNDMScheduler(**LINEAR, skip_prk_steps=True, set_alpha_to_one=True), spaced(),
           "sampler=pndm grid=leading sigma_max=1e6", {})
    yield ("EDM Euler", EDMEulerScheduler(), spaced(), "sampler=euler", {"sigma": 80.0})
    for order, name in ((2, "dpmpp_2m"), (3, "dpmpp_3m")):
        yield (f"EDM DPM-Solver++ {order}M", EDMDPMSolverMultistepScheduler(solver_order=order), spaced(),
               f"sampler={name}", {"sigma": 80.0})
    yield ("EDM DPM-Solver++ 2M SDE", EDMDPMSolverMultistepScheduler(solver_order=2, algorithm_type="sde-dpmsolver++"),
           spaced(), "sampler=dpmpp_2m_sde", {"sigma": 80.0})
    yield ("flow, Euler, shift 3", FlowMatchEulerDiscreteScheduler(shift=3.0), flow_sigmas(3),
           "sampler=euler grid=shifted shift=3", {"sigma": 1.0})
    yield ("flow, Heun", FlowMatchHeunDiscreteScheduler(shift=1.0), spaced(), None, {"sigma": 1.0})
    yield ("consistency, 1 step", CMStochasticIterativeScheduler(clip_denoised=False),
           lambda s: s.set_timesteps(timesteps=[0]), "sampler=consistency steps=1 levels=[80]", {"sigma": 80.0})
    yield ("consistency, 2 steps", CMStochasticIterativeScheduler(clip_denoised=False),
           lambda s: s.set_timesteps(timesteps=[22, 0]), "consistency", {"sigma": 80.0})


def settings_of(settings, scheduler):
    """Where the grid is theirs alone, ours is given its levels."""
    if settings is None:  # linear in t from 1 to 1 / 1000, each level twice
        kept = sorted({float(s) for s in scheduler.sigmas if s > 0}, reverse=True)
        ratios = ",".join(f"{s / (1 - s):.9g}" if s < 1 else "1e6" for s in kept)
        return f"sampler=heun steps={len(kept)} levels=[{ratios}]"
    if settings == "consistency":  # their last level is where a sample is data
        levels = [f"{float(s):.9g}" for s in scheduler.sigmas[:-1]]
        return f"sampler=consistency steps={len(levels)} levels=[{','.join(levels)}]"
    return settings if "steps=" in settings else f"{settings} steps={STEPS}"


def difference(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def main(program):
    worst = 0.0
    with in_float64():
        exact = {name: (scheduler, prepare) for name, scheduler, prepare, _, _ in cases()}
    for index, (name, scheduler, prepare, settings, wants) in enumerate(cases()):
        net = unet((16, 32), 6 if wants.get("learned") else 3)
        generator = torch.Generator().manual_seed(index)
        noise = torch.randn(2, 3, 16, 16, generator=generator)
        step_noise = torch.randn(wants.get("noise", 24), 2, 3, 16, 16, generator=generator)
        sigma = wants.get("sigma")
        plain = theirs(net, scheduler, noise, step_noise, prepare, sigma)
        with in_float64():
            expected = theirs(net, exact[name][0], noise.double(), step_noise.double(), exact[name][1], sigma)
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = ours(program, pathlib.Path(folder), net, scheduler, noise, step_noise,
                             settings_of(settings, scheduler))
            except subprocess.CalledProcessError as error:
                print(f"{name}: {error.stderr.strip()}")
                worst = float("inf")
                continue
        from_exact = difference(found, expected)
        worst = max(worst, from_exact)
        print(f"{name:28} {difference(found, plain):.2e}   in float64 {from_exact:.2e}"
              f"{'' if from_exact < LIMIT else '   above ' + str(LIMIT)}", flush=True)
    print(f"largest relative difference from float64 {worst:.2e}")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
