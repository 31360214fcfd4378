#!/usr/bin/env python3
"""Makes bound.json: terms of the variational bound as improved-diffusion computes them, run in float64.

Usage: python make_bound.py FOLDER > bound.json     (FOLDER: a checkout of openai/improved-diffusion; torch, numpy)
"""
import json
import sys

import numpy
import torch

sys.path.insert(0, sys.argv[1])
from improved_diffusion import gaussian_diffusion  # noqa: E402
from improved_diffusion.gaussian_diffusion import (GaussianDiffusion, LossType, ModelMeanType, ModelVarType,  # noqa: E402
                                                   get_named_beta_schedule)

def extract(table, steps, shape):
    """Theirs without the rounding to float32."""
    return torch.from_numpy(numpy.asarray(table))[steps].view(-1, *[1] * (len(shape) - 1)).expand(shape)


gaussian_diffusion._extract_into_tensor = extract
torch.set_default_dtype(torch.float64)
TIMES = [0, 0, 1, 2, 10, 500, 998, 999]
SHAPE = (len(TIMES), 2, 3, 2)

torch.manual_seed(0)
x0 = torch.round((torch.rand(SHAPE) * 2 - 1) * 127.5 - 0.5).add(0.5).div(127.5).clamp(-1, 1)
x0[0, 0, 0, 0], x0[0, 0, 0, 1] = -1, 1
noise, guess, share = torch.randn(SHAPE), torch.randn(SHAPE), torch.rand(SHAPE) * 2 - 1
t = torch.tensor(TIMES)
# Guesses as good as a network's: far better where there is little noise.
guess = x0 + guess * torch.tensor([0.001, 0.01, 0.02, 0.03, 0.05, 0.3, 0.5, 0.5]).view(-1, 1, 1, 1)
result = {"times": TIMES, "shape": SHAPE}
for name, tensor in (("x0", x0), ("guess", guess), ("share", share)):
    result[name] = tensor.flatten().tolist()
for schedule in ("linear", "cosine"):
    for variance in ("LEARNED_RANGE", "FIXED_SMALL", "FIXED_LARGE"):
        process = GaussianDiffusion(betas=get_named_beta_schedule(schedule, 1000), model_mean_type=ModelMeanType.START_X,
                                    model_var_type=ModelVarType[variance], loss_type=LossType.RESCALED_MSE)
        x = process.q_sample(x0, t, noise)

        def network(*_):
            return torch.cat([guess, share], 1) if variance == "LEARNED_RANGE" else guess

        terms = process._vb_terms_bpd(network, x0, x, t, clip_denoised=False)["output"]
        result[f"{schedule}_{variance.lower()}"] = {"x": x.flatten().tolist(), "bits": terms.tolist(),
                                                     "prior": process._prior_bpd(x0).tolist()}
print(json.dumps(result, indent=1))
