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

from diffusers import (CMStochasticIterativeScheduler, DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,  # noqa: E402
                       DPMSolverSinglestepScheduler, EDMDPMSolverMultistepScheduler, EDMEulerScheduler,
                       FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, HeunDiscreteScheduler,
                       PNDMScheduler, UniPCMultistepScheduler)

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
    scaled = DDPMScheduler(1000, 0.00085, 0.012, "scaled_linear")
    sigmoid = DDPMScheduler(1000, 1e-4, 0.02, "sigmoid")
    zero = DDPMScheduler(**LINEAR, rescale_betas_zero_snr=True)
    return {
        "scaled_linear_betas": [scaled.betas[t].item() for t in STEPS],
        "sigmoid_betas": [sigmoid.betas[t].item() for t in STEPS],
        "zero_snr_betas": [zero.betas[t].item() for t in STEPS],
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
    for n in (7, 16, 18, 48):
        for name, spacing in (("leading", "leading"), ("trailing", "trailing")):
            scheduler = DDIMScheduler(**LINEAR, timestep_spacing=spacing)
            scheduler.set_timesteps(n)
            result[f"{name}_{n}"] = [int(t) for t in scheduler.timesteps]
    flow = FlowMatchEulerDiscreteScheduler(shift=3.0)
    flow.set_timesteps(sigmas=numpy.linspace(1, 1 / 4, 4))
    result["flow_shift_3"] = [float(s) for s in flow.sigmas[:-1]]
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


def noise_of(i):
    """What a stochastic solver adds in step i."""
    return torch.cos(torch.arange(768, dtype=torch.float64).reshape(4, 3, 8, 8) * (i + 1))


def levels(scheduler):
    return {"sigmas": [float(s) for s in scheduler.sigmas], "told": [float(t) for t in scheduler.timesteps]}


def trajectory(scheduler, steps=10, stochastic=False, scale=1.0, scaled_input=False):
    """From the fixture through all steps; with the levels visited (sigma / alpha) and what the network is told."""
    scheduler.set_timesteps(steps)
    x = fixture() * scale
    for i, t in enumerate(scheduler.timesteps):
        heard = scheduler.scale_model_input(x, t) if scaled_input else x
        extra = {"variance_noise": noise_of(i)} if stochastic == "argument" else {}
        with mock.patch(f"{type(scheduler).__module__}.randn_tensor", lambda *a, **k: noise_of(i), create=True):
            x = scheduler.step(network(heard, t), t, x, **extra).prev_sample
    return {**levels(scheduler), **summary(x)}


def multistep(**options):
    stochastic = "argument" if options.get("algorithm_type", "").startswith("sde") else False
    return trajectory(DPMSolverMultistepScheduler(**{**LINEAR, **options}), stochastic=stochastic)


def singlestep():
    """Pairs of steps: the first of each pair is the point half-way in log-SNR."""
    scheduler = DPMSolverSinglestepScheduler(**LINEAR, solver_order=2, lower_order_final=False,
                                             final_sigmas_type="sigma_min")
    scheduler.set_timesteps(10)
    ratios = ((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5
    log_ratios = ratios.log().numpy()
    logs = numpy.linspace(log_ratios[-1], log_ratios[0], 11)
    scheduler.sigmas = torch.from_numpy(numpy.exp(logs))
    told = numpy.interp(logs, log_ratios, numpy.arange(1000))[:-1]
    scheduler.set_begin_index(0)
    x = fixture()
    for t in told:
        x = scheduler.step(network(x, t), torch.tensor(t), x).prev_sample
    return {"sigmas": scheduler.sigmas.tolist(), "told": told.tolist(), **summary(x)}


def unipc(**options):
    return trajectory(UniPCMultistepScheduler(**{**LINEAR, **options}))


def pndm():
    scheduler = PNDMScheduler(**LINEAR, skip_prk_steps=True, set_alpha_to_one=True)
    scheduler.set_timesteps(10)
    x = fixture()
    for t in scheduler.timesteps:
        x = scheduler.step(network(x, t), int(t), x).prev_sample
    return {"told": [int(t) for t in scheduler.timesteps], **summary(x)}


def edm_multistep(**options):
    scheduler = EDMDPMSolverMultistepScheduler(sigma_min=0.002, sigma_max=80.0, **options)
    return trajectory(scheduler, stochastic=options.get("algorithm_type", "").startswith("sde"),
                      scale=(80.0**2 + 1) ** 0.5, scaled_input=True)


def consistency(timesteps):
    scheduler = CMStochasticIterativeScheduler(num_train_timesteps=201, sigma_min=0.002, sigma_max=80.0)
    scheduler.set_timesteps(timesteps=timesteps)
    x = fixture() * scheduler.init_noise_sigma
    for i, t in enumerate(scheduler.timesteps):
        with mock.patch(f"{type(scheduler).__module__}.randn_tensor", lambda *a, **k: noise_of(i)):
            x = scheduler.step(network(scheduler.scale_model_input(x, t), t), t, x).prev_sample
    return {**levels(scheduler), **summary(x)}


def ancestral(variance):
    """One ancestral step of each variance with known noise; the learned one is told that half of the range."""
    scheduler = DDPMScheduler(**LINEAR, clip_sample=False, variance_type=variance)
    rows = []
    for t in (999, 487, 1):
        output = network(fixture(), t)
        if variance == "learned_range":
            output = torch.cat([output, fixture()], dim=1)
        with mock.patch("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *a, **k: noise_of(0)):
            rows.append({"t": t, **summary(scheduler.step(output, t, fixture()).prev_sample)})
    return rows


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
    "ancestral_fixed_large": ancestral("fixed_large"),
    "ancestral_learned_range": ancestral("learned_range"),
    "multistep_1": multistep(solver_order=1),
    "multistep_2": multistep(solver_order=2),
    "multistep_2_velocity": multistep(solver_order=2, prediction_type="v_prediction"),
    "multistep_2_heun": multistep(solver_order=2, solver_type="heun"),
    "multistep_3": multistep(solver_order=3),
    "multistep_3_lower_to_sigma_min": multistep(solver_order=3, final_sigmas_type="sigma_min"),
    "multistep_2_to_sigma_min": multistep(solver_order=2, final_sigmas_type="sigma_min", lower_order_final=False),
    "multistep_2_velocity_to_sigma_min": multistep(solver_order=2, final_sigmas_type="sigma_min",
                                                   lower_order_final=False, prediction_type="v_prediction"),
    "multistep_2_karras_velocity_to_sigma_min": multistep(solver_order=2, final_sigmas_type="sigma_min",
                                                          lower_order_final=False, use_karras_sigmas=True,
                                                          prediction_type="v_prediction"),
    "multistep_2_karras": multistep(solver_order=2, use_karras_sigmas=True),
    "multistep_2_log_snr": multistep(solver_order=2, use_lu_lambdas=True),
    "multistep_2_exponential": multistep(solver_order=2, use_exponential_sigmas=True),
    "multistep_2_sde": multistep(solver_order=2, algorithm_type="sde-dpmsolver++"),
    "multistep_2_sde_heun": multistep(solver_order=2, algorithm_type="sde-dpmsolver++", solver_type="heun"),
    "multistep_2_cosine": multistep(solver_order=2, beta_schedule="squaredcos_cap_v2", timestep_spacing="trailing",
                                    prediction_type="v_prediction"),
    "multistep_2_flow": multistep(solver_order=2, prediction_type="flow_prediction", use_flow_sigmas=True,
                                  flow_shift=3.0),
    "singlestep": singlestep(),
    "edm_multistep_2": edm_multistep(solver_order=2),
    "edm_multistep_3": edm_multistep(solver_order=3),
    "edm_multistep_2_sde": edm_multistep(solver_order=2, algorithm_type="sde-dpmsolver++"),
    "unipc_1": unipc(solver_order=1),
    "unipc_2": unipc(solver_order=2),
    "unipc_2_to_sigma_min": unipc(solver_order=2, final_sigmas_type="sigma_min"),
    "unipc_2_velocity_to_sigma_min": unipc(solver_order=2, prediction_type="v_prediction",
                                           final_sigmas_type="sigma_min"),
    "unipc_2_karras_to_sigma_min": unipc(solver_order=2, use_karras_sigmas=True, final_sigmas_type="sigma_min"),
    "unipc_2_bh1": unipc(solver_order=2, solver_type="bh1", final_sigmas_type="sigma_min"),
    "unipc_3": unipc(solver_order=3),
    "unipc_3_bh1": unipc(solver_order=3, solver_type="bh1", final_sigmas_type="sigma_min"),
    "unipc_2_karras": unipc(solver_order=2, use_karras_sigmas=True),
    "unipc_2_flow": unipc(solver_order=2, prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    "pndm": pndm(),
    "consistency_1": consistency([0]),
    "consistency_2": consistency([106, 0]),
    "flow_euler": trajectory(FlowMatchEulerDiscreteScheduler(shift=3.0)),
    "flow_heun": trajectory(FlowMatchHeunDiscreteScheduler(shift=1.0)),
}, indent=1))
