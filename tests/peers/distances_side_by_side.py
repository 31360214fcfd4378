"""Distances on features beside the programs that others publish with: `ctforge evaluate --real A --synthetic B` against
clean-fid, pytorch-fid, torch-fidelity, prdc and vendi-score, in one run.

parity      The same features, given to both as files: Fréchet distance for more and for fewer rows than dimensions,
            KID, precision, recall, density, coverage and the Vendi score.
end_to_end  PNG images through an Inception of random weights (the networks' own weights are not needed to compare
            programs): clean-fid's resizing, and torch-fidelity's, which is TensorFlow 1's.
speed       Fréchet distance at D = 2048 and N = 5000 against clean-fid, precision, recall, density and coverage at
            N = 10,000 against prdc, each in a fresh process, in turn; medians of time and peak memory. Like is
            compared with like: the whole of a process that reads two files, and for Fréchet the functions alone
            (with ctforge_evaluation_values beside the program).

Needs torch, numpy, pillow<13, scipy<1.18 (later ones removed what clean-fid and pytorch-fid call), clean-fid,
pytorch-fid, torch-fidelity, prdc and vendi-score; without them it says so and ends with code 77.
  python tests/peers/distances_side_by_side.py --ctforge build/ctforge [--only parity] [--runs 3] [--images 24]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import evaluation_tool  # noqa: E402

SKIPPED = 77


def import_peers():
    try:
        import scipy.sparse
        if not hasattr(scipy.sparse, "csr"):  # vendi-score 0.0.3 asks for a module that SciPy no longer has
            scipy.sparse.csr = scipy.sparse
        import torchvision_stub  # noqa: F401
        import cleanfid.fid  # noqa: F401
        import prdc  # noqa: F401
        import pytorch_fid.fid_score  # noqa: F401
        import torch_fidelity  # noqa: F401
        import vendi_score.vendi  # noqa: F401
    except ImportError as error:
        print(f"skipped: a peer is not installed ({error})")
        sys.exit(SKIPPED)


def features(count, dimensions, seed, shift=0.0):
    """Rows as pool3 has them: not negative, of unequal spread, correlated."""
    random = np.random.default_rng(seed)
    mix = np.random.default_rng(1).normal(size=(dimensions, 64)) / 8
    rows = random.normal(size=(count, 64)) @ mix.T + 0.5 * random.normal(size=(count, dimensions))
    return np.abs(rows * np.linspace(0.2, 1, dimensions) + shift)


def ctforge(program, real, synthetic, folder, settings):
    """comparison.json, seconds and peak memory in MB of one run of the program."""
    command = [str(program), "evaluate", "--real", str(real), "--synthetic", str(synthetic), "--out", str(folder)]
    for setting in settings:
        command += ["--set", setting]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"ctforge ended with {status}: {' '.join(command)}")
    return json.loads((folder / "comparison.json").read_text()), seconds, usage.ru_maxrss / 1024


def whole(result, name="features"):
    return result["distances"][name]["whole_sets"]


class Report:
    """Lines of figures, and whether each is within what is asked."""

    def __init__(self):
        self.failed = 0

    def line(self, name, ours, theirs, tolerance):
        relative = abs(ours - theirs) / max(abs(theirs), 1e-300)
        good = relative <= tolerance
        self.failed += not good
        print(f"{name:<44} {ours:>20.12g} {theirs:>20.12g}   relative {relative:.1e}  (asked {tolerance:.0e}) "
              f"{'ok' if good else 'FAILED'}", flush=True)

    def ratio(self, name, ratio, least):
        good = ratio >= least
        self.failed += not good
        print(f"{name:<44} {ratio:.2f} times  (asked {least:g}) {'ok' if good else 'FAILED'}", flush=True)


def frechet_peers(x, y):
    import cleanfid.fid
    import pytorch_fid.fid_score
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    moments = [(rows.mean(0), np.cov(rows, rowvar=False)) for rows in (x, y)]
    (m1, c1), (m2, c2) = moments
    theirs = [fid_features_to_statistics(torch.from_numpy(rows)) for rows in (x, y)]
    return {"clean-fid": cleanfid.fid.frechet_distance(m1, c1, m2, c2),
            "pytorch-fid": pytorch_fid.fid_score.calculate_frechet_distance(m1, c1, m2, c2),
            "torch-fidelity": fid_statistics_to_metric(*theirs, False)["frechet_inception_distance"]}


def exact_frechet(x, y):
    """By the nuclear norm of the centred rows in float64: for fewer rows than dimensions, where sqrtm is inaccurate."""
    a, b = x - x.mean(0), y - y.mean(0)
    n, m = len(x) - 1, len(y) - 1
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum() / np.sqrt(n * m)
    shift = x.mean(0) - y.mean(0)
    return shift @ shift + (a ** 2).sum() / n + (b ** 2).sum() / m - 2 * root


def parity(program, folder, report):
    import prdc
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric
    from vendi_score import vendi
    for n, d in ((1500, 256), (200, 512)):
        x, y = features(n, d, 2), features(n, d, 3, 0.05)
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y)
        measures = "[frechet,kid,precision,recall,density,coverage,vendi]"
        result, _, _ = ctforge(program, folder / "x.npy", folder / "y.npy", folder / "out",
                               ["evaluate.rounds=0", f"evaluate.measures={measures}"])
        ours = whole(result)
        label = f"N={n} D={d} "
        if n > d:
            for peer, value in frechet_peers(x, y).items():
                asked = 1e-6 if peer == "torch-fidelity" else 1e-8
                report.line(f"{label}frechet, {peer}", ours["frechet"], value, asked)
        else:
            report.line(f"{label}frechet, nuclear norm", ours["frechet"], exact_frechet(x, y), 1e-6)
            for peer, value in frechet_peers(x, y).items():
                report.line(f"{label}frechet, {peer}", ours["frechet"], value, 1e-6)
        a, b = torch.from_numpy(y), torch.from_numpy(x)
        kid = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=n, verbose=False)
        report.line(f"{label}kid, torch-fidelity", ours["kid"], kid["kernel_inception_distance_mean"], 1e-6)
        prc = prc_features_to_metric(a, b, prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
        near = prdc.compute_prdc(x, y, nearest_k=5)
        for name, value in (("precision", prc["precision"]), ("recall", prc["recall"])):
            report.line(f"{label}{name}, torch-fidelity", ours[name], value, 1e-6)
        for name in ("density", "coverage"):
            report.line(f"{label}{name}, prdc", ours[name], near[name], 1e-6)
        report.line(f"{label}vendi, vendi-score", ours["vendi"], vendi.score_X(y), 1e-6)


def random_inception(folder):
    """torch-fidelity's Inception with random weights, and the same network as a TorchScript module with `layers`."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    torch.manual_seed(1)
    torch.nn.Module.load_state_dict, keep = lambda self, state: None, torch.nn.Module.load_state_dict
    torch.save({}, folder / "none.pth")
    net = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(folder / "none.pth"))
    torch.nn.Module.load_state_dict = keep
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    blocks = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
              "MaxPool_2", "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d",
              "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c", "AvgPool"]
    layers = torch.nn.Sequential(*[getattr(net, name) for name in blocks], torch.nn.Flatten(1))
    # One batch sets the running statistics, so that random weights neither vanish nor explode.
    for module in layers.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    layers.train()
    with torch.no_grad():
        layers(torch.randn(8, 3, 299, 299) * 0.5)
    layers.eval()
    torch.save(net.state_dict(), folder / "inception.pth")

    class Inception(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.jit.trace(layers, torch.zeros(1, 3, 299, 299), check_trace=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)

    torch.jit.save(torch.jit.script(Inception()), folder / "inception.pt")
    return layers


def write_images(folder, count, seed, contrast):
    from PIL import Image
    folder.mkdir()
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    for index in range(count):
        cx, cy, radius = random.uniform(30, 66, 2).tolist() + [random.uniform(15, 35)]
        body = 120 + contrast * np.cos((x - cx) / radius * 3) * np.cos((y - cy) / radius * 3)
        image = np.where((x - cx) ** 2 + (y - cy) ** 2 < radius ** 2, body, 10) + random.normal(0, 6, (96, 96))
        Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8)).save(folder / f"{index:04d}.png")


def end_to_end(program, folder, report, images):
    import cleanfid.fid
    import torch
    import torch_fidelity
    layers = random_inception(folder)
    write_images(folder / "real", images, 1, 60)
    write_images(folder / "synthetic", images, 2, 40)

    def ours(resize):
        settings = ["evaluate.lite0=none", f"evaluate.inception={folder / 'inception.pt'}", "evaluate.rounds=0",
                    f"evaluate.inception_resize={resize}", "evaluate.measures=[frechet]"]
        result, _, _ = ctforge(program, folder / "real", folder / "synthetic", folder / "out", settings)
        return whole(result, "fid")["frechet"]

    clean = cleanfid.fid.compute_fid(str(folder / "real"), str(folder / "synthetic"), mode="clean", num_workers=0,
                                     device=torch.device("cpu"), verbose=False, use_dataparallel=False,
                                     custom_feat_extractor=lambda batch: layers((batch - 128) / 128))
    report.line(f"{images} images, fid, clean-fid (clean)", ours("clean"), clean, 1e-4)
    legacy = cleanfid.fid.compute_fid(str(folder / "real"), str(folder / "synthetic"), mode="legacy_pytorch",
                                      num_workers=0, device=torch.device("cpu"), verbose=False, use_dataparallel=False,
                                      custom_feat_extractor=lambda batch: layers(2 * batch / 255 - 1))
    report.line(f"{images} images, fid, clean-fid (legacy_pytorch)", ours("pytorch"), legacy, 1e-4)
    tf1 = torch_fidelity.calculate_metrics(input1=str(folder / "real"), input2=str(folder / "synthetic"), fid=True,
                                           feature_extractor_weights_path=str(folder / "inception.pth"), cuda=False,
                                           cache=False, verbose=False, save_cpu_ram=True)
    report.line(f"{images} images, fid, torch-fidelity (tf1)", ours("tf1"), tf1["frechet_inception_distance"], 1e-4)


def peer_child(name, folder):
    """The child process of one timed peer: reads, computes, and prints the seconds of the function alone."""
    x, y = np.load(folder / f"{name}-x.npy"), np.load(folder / f"{name}-y.npy")
    if name == "frechet":
        import torchvision_stub  # noqa: F401
        import cleanfid.fid
        start = time.perf_counter()
        cleanfid.fid.fid_from_feats(x, y)
    else:
        import prdc
        start = time.perf_counter()
        prdc.compute_prdc(x, y, nearest_k=5)
    print(f"seconds {time.perf_counter() - start}")


def timed_peer(name, folder):
    """Seconds of the process, peak memory in MB, and seconds of the function alone."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--child", name, "--folder", str(folder)],
                               stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit("a peer's process failed")
    return seconds, usage.ru_maxrss / 1024, float(output.split("seconds ")[1])


def speed(program, folder, report, runs):
    cases = {"frechet": (5000, "clean-fid", "[frechet]", 5),
             "neighbours": (10000, "prdc", "[precision,recall,density,coverage]", 3)}
    for name, (count, peer, measures, least) in cases.items():
        for side, seed in (("x", 2), ("y", 3)):
            np.save(folder / f"{name}-{side}.npy", features(count, 2048, seed, 0.05 * (seed - 2)).astype(np.float32))
        ours, theirs, functions = [], [], []
        for _ in range(runs):
            theirs.append(timed_peer(name, folder))
            result = ctforge(program, folder / f"{name}-x.npy", folder / f"{name}-y.npy", folder / "out",
                             ["evaluate.rounds=0", f"evaluate.measures={measures}"])
            ours.append(result[1:])
            if name == "frechet" and evaluation_tool.TOOL.exists():
                rows = {part: np.load(folder / f"{name}-{side}.npy").astype(float)
                        for part, side in (("real", "x"), ("other", "y"))}
                once = evaluation_tool.ours("frechet", rows, {}, os.cpu_count())
                functions.append((once["seconds"] - once["again_s"], once["again_s"]))
        seconds = [statistics.median(run[0] for run in part) for part in (ours, theirs)]
        memory = [statistics.median(run[1] for run in part) for part in (ours, theirs)]
        print(f"{name}, N={count} D=2048, {runs} runs in turn, medians: ctforge {seconds[0]:.2f} s {memory[0]:.0f} MB, "
              f"{peer} {seconds[1]:.2f} s {memory[1]:.0f} MB, of which its function "
              f"{statistics.median(run[2] for run in theirs):.2f} s", flush=True)
        if functions:
            first, again = (statistics.median(each) for each in zip(*functions))
            print(f"the functions alone: ctforge {first:.2f} s when first called, {again:.2f} s from then on")
            report.ratio(f"{name}, {peer}'s function over ours, which is called again in each round",
                         statistics.median(run[2] for run in theirs) / again, least)
        report.ratio(f"{name}, {peer}'s process over ours", seconds[1] / seconds[0], least)
        if name == "neighbours":
            for side in "xy":
                np.save(folder / f"half-{side}.npy", np.load(folder / f"{name}-{side}.npy")[:count // 2])
            half = ctforge(program, folder / "half-x.npy", folder / "half-y.npy", folder / "out",
                           ["evaluate.rounds=0", f"evaluate.measures={measures}"])[2]
            print(f"memory at N={count // 2}: {half:.0f} MB")
            report.ratio("neighbours, memory of half the rows over that of all (1/4: it grows as N squared)",
                         half / memory[0], 0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ctforge", type=pathlib.Path)
    parser.add_argument("--only", choices=["parity", "end_to_end", "speed"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    if options.child:
        peer_child(options.child, options.folder)
        return 0
    import_peers()
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        for part in ("parity", "end_to_end", "speed"):
            if options.only in (None, part):
                folder = pathlib.Path(temporary) / part
                folder.mkdir()
                more = {"speed": [options.runs], "end_to_end": [options.images]}.get(part, [])
                globals()[part](options.ctforge.resolve(), folder, report, *more)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
