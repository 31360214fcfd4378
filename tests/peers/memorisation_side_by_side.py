#!/usr/bin/env python3
"""Measures of memorisation, ours beside dgm-eval, scikit-learn and SciPy in one run.

Usage: python memorisation_side_by_side.py DGM_EVAL
(DGM_EVAL: a clone of layer6ai-labs/dgm-eval; torch, numpy, scipy, scikit-learn; ctforge_evaluation_values built)

Sets that are new, half copied, and copied. Authenticity must be dgm-eval's to the last row: each row is a patient of its
own for it, since dgm-eval knows none. Distance ratios and the part nearer to training are SciPy's distances'. The area under the curve of membership is scikit-learn's, of distances by SciPy.
C_T is put together from dgm-eval's statistic of each of our cells (theirs are of another k-means), on scikit-learn's principal components, with the
nearest training row sought among all as the paper defines it, and without the continuity correction that their program
adds and the paper does not have; what they get by looking within the cell alone is told beside.
"""
import importlib.util
import pathlib
import sys

import numpy
from evaluation_tool import TOOL, ours

ROWS, DIMENSIONS, PER_PATIENT, SINGLE = 600, 96, 4, 200
KEPT, LEAST = 64, 5  # principal components, and rows of a side that a cell needs


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def features(random, count, mix):
    """Rows of two kinds, so that cells differ, correlated as features are."""
    rows = random.normal(size=(count, 24)) @ mix + 0.3 * random.normal(size=(count, DIMENSIONS))
    rows[::3] += 2
    return rows


def sets_of(random):
    mix = random.normal(size=(24, DIMENSIONS)) / 5
    training, held_out, new = (features(random, ROWS, mix) for _ in range(3))
    copied = training + 0.02 * random.normal(size=training.shape)
    half = numpy.where(numpy.arange(ROWS)[:, None] % 2, new, copied)
    return training, held_out, {"new": new, "half of them copies": half, "copies": copied}


def membership_auc(distance, metrics, training, held_out, generated, patient):
    nearest = [distance.cdist(rows, generated).min(axis=1) for rows in (training, held_out)]
    scores = [[-side[patient == one].mean() for one in numpy.unique(patient)] for side in nearest]
    truth = [1] * len(scores[0]) + [0] * len(scores[1])
    return metrics.roc_auc_score(truth, scores[0] + scores[1])


def copying_statistic(ct, reference, rows, cells):
    """From dgm-eval's z score of each cell, on principal components `rows`."""
    total = weight = 0.0
    for cell in range(max(cells["training"]) + 1):
        held, made = (rows[side][numpy.array(cells[side]) == cell] for side in ("held_out", "generated"))
        if min(len(held), len(made)) < LEAST:
            continue
        correction = 0.5 / numpy.sqrt(len(held) * len(made) * (len(held) + len(made) + 1) / 12)
        total += len(held) * (ct.Zu(held, made, reference) - correction)
        weight += len(held)
    return total / weight


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not TOOL.exists():
        sys.exit("build first: cmake --build build --target ctforge_evaluation_values")
    try:
        from scipy.spatial import distance
        from sklearn import decomposition, metrics
        metrics_folder = pathlib.Path(sys.argv[1]) / "dgm_eval" / "metrics"
        authpct, ct = module_of(metrics_folder / "authpct.py"), module_of(metrics_folder / "ct.py")
        statistic = ct.Zu
        ct.Zu = lambda *rows: float(numpy.squeeze(statistic(*rows)))  # NumPy 2.4 takes no array for a number
    except (ImportError, FileNotFoundError) as error:
        print(f"skipped: a peer is not installed ({error})")
        sys.exit(77)
    training, held_out, generated_sets = sets_of(numpy.random.default_rng(1))
    patient = numpy.arange(ROWS) // PER_PATIENT
    worst, wrong = 0.0, []
    for name, generated in generated_sets.items():
        patients = {side: patient.astype(numpy.uint8) for side in ("training_patient", "held_out_patient")}
        arrays = {"training": training, "held_out": held_out, "generated": generated}
        mine = ours("memorisation", arrays | patients, {})
        # A patient a row: as many rows as a byte can tell apart.
        own = ours("memorisation", {side: rows[:SINGLE] for side, rows in arrays.items()} |
                   {side: numpy.arange(SINGLE, dtype=numpy.uint8) for side in patients}, {})
        axes = decomposition.PCA(n_components=KEPT, svd_solver="full").fit(training)
        rows = {side: axes.transform(array) for side, array in arrays.items()}
        distances = numpy.sort(distance.cdist(generated, training), axis=1)
        nearer = distances[:, 0] - distance.cdist(generated, held_out).min(axis=1)
        expected = {
            "authenticity": (own["authenticity"], authpct.compute_authpct(training[:SINGLE], generated[:SINGLE]) / 100),
            "membership_auc": (mine["membership_auc"],
                               membership_auc(distance, metrics, training, held_out, generated, patient)),
            "copying_statistic": (mine["copying_statistic"],
                                  copying_statistic(ct, rows["training"], rows, mine["cells"])),
            "nearer_to_training": (mine["nearer_to_training"], (nearer < 0).mean() + (nearer == 0).mean() / 2),
            "ratios": (numpy.mean(mine["ratios"]), (distances[:, 0] / distances[:, 1]).mean())}
        cells = {side: numpy.array(found) for side, found in mine["cells"].items()}
        within = ct.C_T(rows["held_out"], cells["held_out"], rows["generated"], cells["generated"], rows["training"],
                        cells["training"], LEAST / ROWS)
        for measure, (found, theirs) in expected.items():
            worst = max(worst, abs(found - theirs))
            print(f"{name}: {measure} {found:.6f}, theirs {theirs:.6f}")
            if abs(found - theirs) > 1e-6:
                wrong.append(f"{name}: {measure}")
        print(f"{name}: C_T within cells, as their program has it: {within:.3f}")
    print(f"largest difference {worst:.2g}")
    if wrong:
        sys.exit("differs: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
