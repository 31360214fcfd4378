"""Which of diffusers' schedulers are run beside which of ctforge's samplers and grids (diffusion_trajectories.py).

Where diffusers' grid is not ours, ours is given its levels, or its scheduler ours. Where its scheduler departs from the
method it is named after, it is configured so that it does not, or left out:

- DPM-Solver++ and UniPC, leading and linspace: n of n + 1 timesteps, the last left out. Ours is given their levels; and
  DPM-Solver++ our timesteps, which UniPC does not take.
- DPM-Solver++, UniPC: the network is told whole timesteps, the solver goes by the levels between. Told those here.
- DPM-Solver++ singlestep asks half-way in log-SNR on the exponential grid only. On the others it is given levels there.
- DDIM, PNDM, linspace: go from t to t - T / n, which is not the next timestep. The same where every step is visited.
- PNDM, velocity: left out. Sums velocities of several levels and takes them for one of the last.
- PNDM with a Runge-Kutta start: left out; ours starts as latent diffusion's does.
- DDPM with fixed large or learned variance, trailing: left out. Adds noise to the data in the last step.
- DPM-Solver++ 3M SDE: left out. A sign of the second difference is wrong; ours has no such sampler.
- Euler, DPM-Solver++, UniPC from a level without signal: left out. They put sigma / alpha = 4096 in its place.
- Heun from sigma / alpha above 200 (cosine schedule, trailing): left out. Integrates where ours does not, see solve.h.
- Euler and EDM Euler with churn, flow Heun with churn: left out. The network is asked before the noise is added.
- KarrasVeScheduler, which has Heun with churn: its levels are squares; it is given roots.
- Flow matching with shift: the least sigma is shifted twice. Given sigmas, or a least sigma that has not been shifted.
- Flow matching, Karras and exponential: spaced in sigma where ours is in sigma / alpha. Ours is given their levels.
- DPM-Solver++ with flow sigmas on Karras, log-SNR or exponential, UniPC on exponential: left out. sigma / alpha is
  taken for sigma, and alpha falls below 0.
- Euler with log_linear interpolation: left out. The network is told timesteps of other levels.
"""
import dataclasses
import math
import typing

import numpy
import torch
from diffusers import (CMStochasticIterativeScheduler, DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler,
                       DPMSolverSinglestepScheduler, EDMDPMSolverMultistepScheduler, EDMEulerScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler,
                       FlowMatchHeunDiscreteScheduler, HeunDiscreteScheduler, PNDMScheduler, UniPCMultistepScheduler)
from diffusers.schedulers.deprecated.scheduling_karras_ve import KarrasVeScheduler

LINEAR = dict(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
COSINE = dict(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")
VELOCITY = dict(prediction_type="v_prediction")
STEPS = 10
# sigma / alpha of the linear schedule's first and last step: the limits of diffusers' Karras and exponential grids.
LIMITS = "sigma_min=0.010000499 sigma_max=157.40733"
SPACINGS = {"leading": "leading", "trailing": "trailing", "linspace": "uniform"}
TIMESTEPS = {"leading": range(900, -1, -100), "uniform": range(999, -1, -111), "trailing": range(999, 0, -100)}


@dataclasses.dataclass
class Case:
    name: str
    scheduler: typing.Any
    settings: str  # of section sample; "levels" for those that theirs visits
    prepare: typing.Callable = lambda scheduler: scheduler.set_timesteps(STEPS)
    extra: dict = dataclasses.field(default_factory=dict)  # what their step takes besides
    learned: bool = False  # the variance
    step_noise: int = 24


def is_flow(scheduler):
    return type(scheduler).__name__.startswith("FlowMatch") or scheduler.config.get("use_flow_sigmas", False)


def is_edm(scheduler):
    return isinstance(scheduler, (EDMEulerScheduler, EDMDPMSolverMultistepScheduler, KarrasVeScheduler))


def starting_factor(scheduler):
    """Of standard noise, as ctforge begins: see starting_point in solve.h. States are x, or x / alpha here."""
    if isinstance(scheduler, KarrasVeScheduler):
        return float(scheduler.schedule[-1])
    if is_flow(scheduler):
        return math.hypot(float(scheduler.sigmas[0]), 1 - float(scheduler.sigmas[0]))
    if is_edm(scheduler) or isinstance(scheduler, CMStochasticIterativeScheduler):
        return float(scheduler.sigmas[0])
    if isinstance(scheduler, (EulerDiscreteScheduler, EulerAncestralDiscreteScheduler, HeunDiscreteScheduler)):
        return math.hypot(float(scheduler.sigmas[0]), 1)
    return 1.0


def visited(scheduler):
    """sigma / alpha of the levels, each once; of a scheduler that asks half-way without those."""
    sigmas = sorted({float(sigma) for sigma in scheduler.sigmas[:-1]}, reverse=True)
    if is_flow(scheduler):
        sigmas = [sigma / (1 - sigma) if sigma < 1 else 1e6 for sigma in sigmas]
    return sigmas[::2] if isinstance(scheduler, DPMSolverSinglestepScheduler) else sigmas


def settings_of(case, scheduler):
    settings = case.settings
    if "levels" in settings:
        levels = visited(scheduler)
        settings = settings.replace("levels", f"steps={len(levels)} levels=[{','.join(map(repr, levels))}]")
    return settings if "steps=" in settings else f"{settings} steps={STEPS}"


def spaced(steps):
    return lambda scheduler: scheduler.set_timesteps(steps)


def at(timesteps):
    return lambda scheduler: scheduler.set_timesteps(timesteps=list(timesteps))


def tell_levels(scheduler):
    """Timesteps that are those of the levels, not rounded."""
    sigmas = numpy.array([float(sigma) for sigma in scheduler.sigmas[:-1]])
    if is_flow(scheduler):
        times = sigmas * 1000
    else:
        variance = numpy.array([float(alpha) for alpha in scheduler.alphas_cumprod])
        times = scheduler._sigma_to_t(sigmas, numpy.log(((1 - variance) / variance) ** 0.5))
    scheduler.timesteps = torch.tensor(times)


def unrounded(scheduler):
    scheduler.set_timesteps(STEPS)
    tell_levels(scheduler)


def halved(prepare):
    """The same levels, and those half-way in log-SNR between any two."""
    def prepare_both(scheduler):
        prepare(scheduler)
        own = numpy.array([float(sigma) for sigma in scheduler.sigmas[:-1]])
        ratio = own / (1 - own) if is_flow(scheduler) else own
        both = numpy.empty(2 * len(ratio) - 1)
        both[::2] = ratio
        both[1::2] = (ratio[:-1] * ratio[1:]) ** 0.5
        sigmas = both / (1 + both) if is_flow(scheduler) else both
        scheduler.set_timesteps(len(both))  # which order each has
        scheduler.sigmas = torch.tensor([*sigmas, 0.0])
        tell_levels(scheduler)
    return prepare_both


def evenly_spaced():
    """Timesteps that are whole steps of the path."""
    for spacing, grid in SPACINGS.items():
        common = dict(**LINEAR, timestep_spacing=spacing)
        yield Case(f"Euler, {grid}", EulerDiscreteScheduler(**common), f"sampler=euler grid={grid}")
        yield Case(f"Euler ancestral, {grid}", EulerAncestralDiscreteScheduler(**common), f"sampler=ddpm grid={grid}")
        yield Case(f"Heun, {grid}", HeunDiscreteScheduler(**common), f"sampler=heun grid={grid}")
        every = dict(common, num_train_timesteps=50) if spacing == "linspace" else common
        steps = 50 if spacing == "linspace" else STEPS
        ddim = DDIMScheduler(**every, clip_sample=False)
        yield Case(f"DDIM, {grid}", ddim, f"sampler=ddim grid={grid} steps={steps}", spaced(steps))
        yield Case(f"PNDM, {grid}", PNDMScheduler(**every, skip_prk_steps=True, set_alpha_to_one=True),
                   f"sampler=pndm grid={grid} steps={steps}", spaced(steps))
        if spacing == "trailing":
            yield Case(f"DDPM, {grid}", DDPMScheduler(**common, clip_sample=False), f"sampler=ddpm grid={grid}")
        if spacing != "linspace":
            yield Case(f"DDIM, eta 1, {grid}", DDIMScheduler(**common, clip_sample=False),
                       f"sampler=ddim eta=1 grid={grid}", extra={"eta": 1.0})
            yield Case(f"DDIM, eta 0.5, {grid}", DDIMScheduler(**common, clip_sample=False),
                       f"sampler=ddim eta=0.5 grid={grid}", extra={"eta": 0.5})
    yield Case("Euler, trailing, 16 steps", EulerDiscreteScheduler(**LINEAR, timestep_spacing="trailing"),
               "sampler=euler grid=trailing steps=16", spaced(16))


def ancestral(*where):
    """DDPM of each variance, where: (steps, spacing)."""
    for variance in ("fixed_small", "fixed_large", "learned_range"):
        ours = f"sampler=ddpm variance={variance.split('_range')[0]}"
        for steps, spacing in where:
            yield Case(f"DDPM, {variance}, {SPACINGS[spacing]}, {steps} steps",
                       DDPMScheduler(**LINEAR, clip_sample=False, variance_type=variance, timestep_spacing=spacing),
                       f"{ours} grid={SPACINGS[spacing]} steps={steps}", spaced(steps),
                       learned=variance == "learned_range", step_noise=steps)


def other_targets():
    data = dict(prediction_type="sample")
    trailing = dict(COSINE, timestep_spacing="trailing")
    zero = dict(**LINEAR, **VELOCITY, rescale_betas_zero_snr=True)
    for name, target in (("velocity", VELOCITY), ("data", data)):
        label, common = f"cosine, {name}", dict(trailing, **target)
        yield Case(f"DDIM, {label}", DDIMScheduler(**common, clip_sample=False), "sampler=ddim grid=trailing")
        yield Case(f"Euler, {label}", EulerDiscreteScheduler(**common), "sampler=euler grid=trailing")
        yield Case(f"DDPM, {label}", DDPMScheduler(**common, clip_sample=False), "sampler=ddpm grid=trailing")
        yield Case(f"DPM-Solver++ 2M, {label}", DPMSolverMultistepScheduler(**common),
                   "sampler=dpmpp_2m grid=trailing")
        yield Case(f"UniPC 2, {label}", UniPCMultistepScheduler(**common), "sampler=unipc grid=trailing")
        twice = DPMSolverSinglestepScheduler(**COSINE, **target, lower_order_final=True)
        yield Case(f"DPM-Solver++ 2S, {label}", twice, "sampler=dpmpp_2s grid=leading",
                   halved(at(TIMESTEPS["leading"])))
    yield Case("Heun, cosine, velocity", HeunDiscreteScheduler(**COSINE, **VELOCITY, timestep_spacing="leading"),
               "sampler=heun grid=leading")
    yield Case("DPM-Solver++ 2M, cosine, -5.1", DPMSolverMultistepScheduler(**COSINE, lambda_min_clipped=-5.1),
               "sampler=dpmpp_2m levels")
    yield Case("DDIM, zero terminal SNR", DDIMScheduler(**zero, clip_sample=False, timestep_spacing="trailing"),
               "sampler=ddim grid=trailing")
    yield Case("Euler, zero terminal SNR", EulerDiscreteScheduler(**zero, timestep_spacing="leading"),
               "sampler=euler grid=leading")
    yield Case("DPM++ 2M, zero terminal SNR", DPMSolverMultistepScheduler(**zero), "sampler=dpmpp_2m grid=leading",
               at(TIMESTEPS["leading"]))
    yield Case("UniPC, zero terminal SNR", UniPCMultistepScheduler(**zero, timestep_spacing="leading"),
               "sampler=unipc levels")


def by_noise_level():
    """Grids of Euler and Heun that are spaced by noise level."""
    for grid, option in (("karras", "use_karras_sigmas"), ("exponential", "use_exponential_sigmas")):
        common = {**LINEAR, option: True}
        yield Case(f"Euler, {grid}", EulerDiscreteScheduler(**common), f"sampler=euler grid={grid} {LIMITS}")
        yield Case(f"Heun, {grid}", HeunDiscreteScheduler(**common), f"sampler=heun grid={grid} {LIMITS}")


FLOW = dict(use_flow_sigmas=True, prediction_type="flow_prediction")
GRIDS = {"karras": dict(use_karras_sigmas=True), "exponential": dict(use_exponential_sigmas=True)}


# DPM-Solver++ multistep: our sampler, order, kind. Of the stochastic ones the first order is DDPM's step.
ORDERS = {"1": ("euler", 1, "dpmsolver++"), "2M": ("dpmpp_2m", 2, "dpmsolver++"),
          "3M": ("dpmpp_3m", 3, "dpmsolver++"), "1 SDE": ("ddpm", 1, "sde-dpmsolver++"),
          "2M SDE": ("dpmpp_2m_sde", 2, "sde-dpmsolver++")}


def multistep():
    for name, (sampler, order, kind) in ORDERS.items():
        def dpm(**options):
            return DPMSolverMultistepScheduler(**LINEAR, solver_order=order, algorithm_type=kind, **options)

        label, ours = f"DPM-Solver++ {name}", f"sampler={sampler}"
        yield Case(f"{label}, trailing", dpm(timestep_spacing="trailing"), f"{ours} grid=trailing")
        yield Case(f"{label}, 20 steps", dpm(timestep_spacing="trailing"), f"{ours} grid=trailing steps=20", spaced(20))
        for grid in ("leading", "uniform"):
            yield Case(f"{label}, {grid}", dpm(), f"{ours} grid={grid}", at(TIMESTEPS[grid]))
        for spacing in ("leading", "linspace"):
            yield Case(f"{label}, their {spacing}", dpm(timestep_spacing=spacing), f"{ours} levels")
        for grid, option in dict(GRIDS, log_snr=dict(use_lu_lambdas=True)).items():
            yield Case(f"{label}, {grid}", dpm(**option), f"{ours} grid={grid} {LIMITS}", unrounded)
        for shift in (1.0, 3.0):
            yield Case(f"{label}, flow, shift {shift:g}", dpm(**FLOW, flow_shift=shift), f"{ours} levels", unrounded)


def singlestep():
    def dpm(**options):
        return DPMSolverSinglestepScheduler(**LINEAR, solver_order=2, lower_order_final=True, **options)

    def exponential(scheduler):
        scheduler.set_timesteps(2 * STEPS - 1)
        tell_levels(scheduler)

    label, ours = "DPM-Solver++ 2S", "sampler=dpmpp_2s"
    yield Case(f"{label}, exponential", dpm(**GRIDS["exponential"]), f"{ours} grid=exponential {LIMITS}", exponential)
    yield Case(f"{label}, karras", dpm(**GRIDS["karras"]), f"{ours} grid=karras {LIMITS}", halved(spaced(STEPS)))
    for grid, timesteps in TIMESTEPS.items():
        yield Case(f"{label}, {grid}", dpm(), f"{ours} grid={grid}", halved(at(timesteps)))
    yield Case(f"{label}, their linspace", dpm(), f"{ours} levels", halved(spaced(STEPS)))
    for shift in (1.0, 3.0):
        yield Case(f"{label}, flow, shift {shift:g}", dpm(**FLOW, flow_shift=shift), f"{ours} levels",
                   halved(spaced(STEPS)))


def unipc():
    for order in (1, 2, 3):
        def scheduler(**options):
            return UniPCMultistepScheduler(**LINEAR, solver_order=order, **options)

        label, ours = f"UniPC {order}", f"sampler=unipc order={order}"
        yield Case(f"{label}, trailing", scheduler(timestep_spacing="trailing"), f"{ours} grid=trailing")
        for spacing in ("leading", "linspace"):
            yield Case(f"{label}, their {spacing}", scheduler(timestep_spacing=spacing), f"{ours} levels")
        for grid, option in GRIDS.items():
            yield Case(f"{label}, {grid}", scheduler(**option), f"{ours} grid={grid} {LIMITS}", unrounded)
        yield Case(f"{label}, flow, karras", scheduler(**FLOW, **GRIDS["karras"]), f"{ours} grid=karras {LIMITS}",
                   unrounded)
        for shift in (1.0, 3.0):
            yield Case(f"{label}, flow, shift {shift:g}", scheduler(**FLOW, flow_shift=shift), f"{ours} levels",
                       unrounded)


def variance_exploding():
    for grid in ("karras", "exponential"):
        common, where = dict(sigma_schedule=grid), f"grid={grid}"
        yield Case(f"EDM Euler, {grid}", EDMEulerScheduler(**common), f"sampler=euler {where}")
        for name, (sampler, order, kind) in ORDERS.items():
            yield Case(f"EDM DPM-Solver++ {name}, {grid}",
                       EDMDPMSolverMultistepScheduler(solver_order=order, algorithm_type=kind, **common),
                       f"sampler={sampler} {where}")

        def of_levels(scheduler, spacing=grid):
            scheduler.set_timesteps(STEPS)
            if spacing == "karras":
                edm = EDMEulerScheduler()
                edm.set_timesteps(STEPS)
                scheduler.schedule = edm.sigmas[:-1].flip(0)

        for name, sampler, churn in (("Heun", "heun", 0.0), ("Heun with churn", "edm_sde churn=40", 40.0)):
            ve = KarrasVeScheduler(sigma_min=0.002**0.5, sigma_max=80**0.5, s_churn=churn, s_noise=1.003)
            yield Case(f"EDM {name}, {grid}", ve, f"sampler={sampler} {where}", of_levels)


def flow_matching():
    def given(scheduler):
        scheduler.set_timesteps(sigmas=numpy.linspace(1, 1 / STEPS, STEPS).tolist())

    def heun(shift):
        scheduler = FlowMatchHeunDiscreteScheduler(shift=shift)
        scheduler.sigma_min = 1 / STEPS
        return scheduler

    uniform = f"grid=uniform sigma_min={1 / 999!r}"
    yield Case("flow, Euler, uniform", FlowMatchEulerDiscreteScheduler(), f"sampler=euler {uniform}")
    yield Case("flow, Heun, uniform", FlowMatchHeunDiscreteScheduler(), f"sampler=heun {uniform}")
    for shift, grid in ((1.0, "grid=trailing"), (3.0, "grid=shifted shift=3"), (0.5, "grid=shifted shift=0.5")):
        yield Case(f"flow, Euler, shift {shift:g}", FlowMatchEulerDiscreteScheduler(shift=shift),
                   f"sampler=euler {grid}", given)
        yield Case(f"flow, Heun, shift {shift:g}", heun(shift), f"sampler=heun {grid}")
    for name, option in GRIDS.items():
        yield Case(f"flow, Euler, their {name}", FlowMatchEulerDiscreteScheduler(**option), "sampler=euler levels")


def consistency():
    """Evenly spaced in the Karras grid's own variable, as ours."""
    for steps, timesteps in ((1, [0]), (2, [20, 0]), (4, [30, 20, 10, 0])):
        yield Case(f"consistency, {steps} step{'s' if steps > 1 else ''}",
                   CMStochasticIterativeScheduler(num_train_timesteps=41, clip_denoised=False),
                   f"sampler=consistency steps={steps} grid=karras", at(timesteps))
    yield Case("consistency, their 5 steps", CMStochasticIterativeScheduler(clip_denoised=False),
               "sampler=consistency levels", spaced(5))


def all_cases():
    yield from evenly_spaced()
    yield from ancestral((STEPS, "leading"), (STEPS, "linspace"))
    for family in (other_targets, by_noise_level, multistep, singlestep, unipc, variance_exploding, flow_matching,
                   consistency):
        yield from family()
    yield from ancestral((1000, "leading"))
