#!/usr/bin/env python3
"""Makes diffusion.json: what diffusers' schedulers compute, run in float64.

Usage: python diffusion.py > diffusion.json        (torch 2.13, diffusers 0.42.1)

The schedulers ask for torch.float32 by name; that name means float64 here, so their own code gives float64 results.
The fixture (sample and network) is that of diffusers' tests/schedulers/test_schedulers.py; it is elementwise, so the
order of its elements is free.
"""
import json
from unittest import mock

import numpy
import torch

torch.float32 = torch.float64
numpy.float32 = numpy.float64
torch.set_default_dtype(torch.float64)

from diffusers import DDIMScheduler, DDPMScheduler, EDMEulerScheduler, HeunDiscreteScheduler  # noqa: E402

LINEAR = dict(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
COSINE = dict(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")
STEPS = [0, 1, 10, 250, 500, 750, 998, 999]


def fixture():
    return torch.arange(768, dtype=torch.float64).reshape(4, 3, 8, 8) / 768


def network(x, t):
    return x * t / (t + 1)


def summary(x):
    """Enough to tell two trajectories apart: sum and mean of absolute values, and some elements."""
    some = [x.flatten()[i].item() for i in (1, 100, 767)]
    return {"sum": x.abs().sum().item(), "mean": x.abs().mean().item(), "at": some}


def schedules():
    linear, cosine = DDPMScheduler(**LINEAR), DDPMScheduler(**COSINE)
    return {
        "steps": STEPS,
        "linear_alpha_squared": [linear.alphas_cumprod[t].item() for t in STEPS],
        "cosine_betas": [cosine.betas[t].item() for t in STEPS],
        "cosine_alpha_squared": [cosine.alphas_cumprod[t].item() for t in STEPS],
    }


def spacings():
    result = {}
    for name, spacing in (("leading", "leading"), ("trailing", "trailing"), ("uniform", "linspace")):
        scheduler = DDIMScheduler(**LINEAR, timestep_spacing=spacing)
        scheduler.set_timesteps(10)
        result[name] = [int(t) for t in scheduler.timesteps]
    karras = EDMEulerScheduler()
    karras.set_timesteps(18)
    result["karras_18"] = [s.item() for s in karras.sigmas[:-1]]
    return result


def edm_coefficients():
    scheduler = EDMEulerScheduler()  # sigma_data 0.5
    one, zero = torch.ones(()), torch.zeros(())
    rows = []
    for sigma in (0.002, 0.1, 0.5, 3.0, 80.0):
        sigma = torch.tensor(sigma)
        rows.append({
            "sigma": sigma.item(),
            "c_in": scheduler.precondition_inputs(one, sigma).item(),
            "c_skip": scheduler.precondition_outputs(one, zero, sigma).item(),
            "c_out": scheduler.precondition_outputs(zero, one, sigma).item(),
            "quarter_log": scheduler.precondition_noise(sigma).item(),
        })
    return rows


def ddim(prediction="epsilon", spacing="leading", clip=0.0, eta=0.0, config=LINEAR):
    """clip: the limit of the estimate of x_0, from which the noise is then estimated; 0: none."""
    scheduler = DDIMScheduler(**config, clip_sample=clip > 0, clip_sample_range=clip, prediction_type=prediction,
                              timestep_spacing=spacing)
    scheduler.set_timesteps(10)
    x = fixture()
    for i, t in enumerate(scheduler.timesteps):
        noise = torch.cos(torch.arange(768, dtype=torch.float64).reshape(4, 3, 8, 8) * (i + 1))
        x = scheduler.step(network(x, t), int(t), x, eta=eta, use_clipped_model_output=clip > 0,
                           variance_noise=noise if eta else None).prev_sample
    return summary(x)


def ddpm_step():
    """One ancestral step over neighbouring steps with known noise."""
    scheduler = DDPMScheduler(**LINEAR, clip_sample=False, variance_type="fixed_small")
    noise = torch.cos(torch.arange(768, dtype=torch.float64).reshape(4, 3, 8, 8))
    rows = []
    for t in (999, 487, 1):
        with mock.patch("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *a, **k: noise):
            rows.append({"t": t, "variance": scheduler._get_variance(t).item(),
                         **summary(scheduler.step(network(fixture(), t), t, fixture()).prev_sample)})
    return rows


def edm_euler():
    scheduler = EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0)
    scheduler.set_timesteps(10)
    x = fixture() * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        x = scheduler.step(network(scheduler.scale_model_input(x, t), t), t, x).prev_sample
    return summary(x)


def heun_karras():
    """Heun on a variance-preserving schedule over Karras' levels, the network predicting noise; state x / alpha."""
    scheduler = HeunDiscreteScheduler(**LINEAR, use_karras_sigmas=True, timestep_spacing="linspace")
    scheduler.set_timesteps(10)
    x = fixture() * scheduler.sigmas[0]
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t)
        x = scheduler.step(network(scaled, t), t, x).prev_sample
    return {"times": [t.item() for t in scheduler.timesteps], **summary(x)}


print(json.dumps({
    "schedules": schedules(),
    "spacings": spacings(),
    "edm_coefficients": edm_coefficients(),
    "ddim": ddim(),
    "ddim_clip": ddim(clip=0.2),
    "ddim_velocity": ddim("v_prediction"),
    "ddim_trailing": ddim(spacing="trailing"),
    "ddim_cosine_data": ddim("sample", spacing="trailing", config=COSINE),
    "ddim_eta_1": ddim(eta=1.0),
    "ddpm_steps": ddpm_step(),
    "edm_euler": edm_euler(),
    "heun_karras": heun_karras(),
}, indent=1))
