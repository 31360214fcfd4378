"""Writes evaluation.json: reference values of the statistics of eval/ from SciPy, statsmodels, NumPy, Pillow and PyTorch.

Inputs are formulas that the tests repeat, so that the file holds results only. Run with SciPy below 1.18:
python make_evaluation.py > evaluation.json
"""
import json

import numpy as np
import torch
from PIL import Image
from scipy import linalg, stats


def rows(count, dimensions, phase, offset):
    i = np.arange(count, dtype=np.float64)[:, None]
    j = np.arange(dimensions, dtype=np.float64)[None, :]
    return np.sin(1.3 * i + 0.7 * j + 0.1 * i * j + phase) + 0.05 * j + offset


def frechet(x, y):
    """As pytorch-fid computes it: sqrtm of the product of the covariances, real part."""
    root = linalg.sqrtm(np.cov(x, rowvar=False) @ np.cov(y, rowvar=False))
    shift = x.mean(0) - y.mean(0)
    return float(shift @ shift + np.trace(np.cov(x, rowvar=False)) + np.trace(np.cov(y, rowvar=False))
                 - 2 * np.trace(root).real)


def frechet_cases():
    cases = []
    for n, m, d, offset in [(40, 50, 6, 0.0), (64, 33, 12, 1e4), (10, 12, 16, 0.0), (40, 9, 16, 0.0)]:
        x, y = rows(n, d, 0.0, offset), rows(m, d, 0.4, offset + 0.1)
        cases.append({"n": n, "m": m, "d": d, "offset": offset, "value": frechet(x, y)})
    return cases


def pair_cases():
    """KID as torch-fidelity (one subset of all rows), density and coverage as prdc, precision and recall as
    torch-fidelity, CMMD's formula, Vendi as vendi-score: of the same formula rows, in float64."""
    import sys
    from pathlib import Path
    import prdc
    import scipy.sparse
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
    import torchvision_stub  # noqa: F401
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric
    if not hasattr(scipy.sparse, "csr"):  # vendi-score 0.0.3 asks for a module that SciPy no longer has
        scipy.sparse.csr = scipy.sparse
    from vendi_score import vendi
    cases = []
    for n, d, offset in [(40, 6, 0.1), (30, 40, 0.3)]:
        x, y = rows(n, d, 0.0, 0.0), rows(n, d, 0.4, offset)
        a, b = torch.from_numpy(y), torch.from_numpy(x)
        near = prdc.compute_prdc(x, y, nearest_k=5)
        prc = prc_features_to_metric(a, b, prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
        kid = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=n, verbose=False)

        def gaussian(u, v):
            squared = ((u[:, None, :] - v[None, :, :]) ** 2).sum(2)
            return np.exp(-squared / 200).mean()

        cases.append({"n": n, "d": d, "offset": offset,
                      "kid": kid["kernel_inception_distance_mean"],
                      "precision": prc["precision"], "recall": prc["recall"],
                      "density": float(near["density"]), "coverage": float(near["coverage"]),
                      "mmd_rbf": float(1000 * (gaussian(x, x) + gaussian(y, y) - 2 * gaussian(x, y))),
                      "vendi": float(vendi.score_X(y))})
    return cases


def wilcoxon_cases():
    cases = []
    for values in ([0.011, 0.02, -0.005, 0.013, 0.04, 0.031, -0.002, 0.017, 0.009, 0.026],
                   [0.5, -0.25, 0.125, 0.75, 1.5],
                   [1, 1, 2, -2, 3, 4, 4, 5, -1, 6, 7, 0, 8]):
        exact = len(set(abs(v) for v in values)) == len(values)
        result = stats.wilcoxon(values, method="exact" if exact else "approx", correction=False)
        cases.append({"values": values, "p": float(result.pvalue)})
    return cases


def holm_cases():
    from statsmodels.stats.multitest import multipletests
    cases = []
    for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.2, 0.9, 0.2, 0.0078125, 0.03125, 0.0234375], [0.7]):
        cases.append({"p": p, "corrected": multipletests(p, method="holm")[1].tolist()})
    return cases


def resized():
    grey = (np.arange(9 * 7).reshape(9, 7) * 37 % 256).astype(np.uint8)
    out = {}
    for size in (5, 16):
        image = Image.fromarray(grey.astype(np.float32), mode="F").resize((size, size), resample=Image.BICUBIC)
        out[str(size)] = np.clip(np.asarray(image), 0, 255).round(4).tolist()
    return out


def histograms():
    a = (np.arange(200) * 17 % 301) - 150
    b = (np.arange(120) * 29 % 251) - 100
    return {"wasserstein1_hu": float(stats.wasserstein_distance(a, b))}


def marginal():
    """The marginal loss by its definition: probabilities of unknown organs added to the background's."""
    n, labels, height, width = 2, 4, 3, 2
    index = torch.arange(n * labels * height * width, dtype=torch.float64)
    logits = torch.sin(index).reshape(n, labels, height, width) * 2
    target = torch.tensor([[[0, 1], [2, 0], [3, 1]], [[0, 1], [0, 0], [1, 3]]])
    known = torch.tensor([[True, True, True, True], [True, True, False, True]])
    probability = logits.softmax(1)
    merged = probability.clone()
    merged[1, 0] += probability[1, 2]
    merged[1, 2] = 0
    picked = merged.gather(1, target[:, None])[:, 0]
    dice = []
    for organ in (1, 2, 3):
        samples = known[:, organ]
        p, r = merged[samples, organ], (target[samples] == organ).double()
        dice.append((2 * (p * r).sum() + 1) / (p.sum() + r.sum() + 1))
    return {"cross_entropy": float(-picked.log().mean()), "loss": float(-picked.log().mean() + 1 - sum(dice) / 3)}


if __name__ == "__main__":
    print(json.dumps({"frechet": frechet_cases(), "wilcoxon": wilcoxon_cases(), "holm": holm_cases(), "resized": resized(),
                      "histograms": histograms(), "marginal": marginal(), "pairs": pair_cases()}, indent=1))
