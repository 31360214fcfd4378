"""Random UNet2DModel and AutoencoderKL configurations through diffusers and through ctforge, both ways:
theirs -> ours  diffusers makes network and weights, ctforge opens the folder,
ours -> theirs  ctforge makes network and weights of the configuration, diffusers opens the folder (no missing,
                unexpected or mismatched keys),
and each compares outputs and the gradients of a mean squared error by every parameter, in float32 (ctforge's own kernels)
and in float64. Configurations drawn on the way that diffusers itself cannot run, ctforge must refuse.

Usage: python nets_random.py build/ctforge_nets_tests [--count 20] [--seed 1] [--keep DIR]
       (needs torch, diffusers, safetensors; takes half a minute)
"""
import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import tempfile

import torch
from diffusers import AutoencoderKL, UNet2DModel
from diffusers.utils import logging
from safetensors.torch import load_file, save_file

DOWN = ["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D", "SkipDownBlock2D", "AttnSkipDownBlock2D",
        "KDownBlock2D", "KCrossAttnDownBlock2D"]
UP = ["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D", "SkipUpBlock2D", "AttnSkipUpBlock2D", "KUpBlock2D",
      "KCrossAttnUpBlock2D"]
# Bounds: of outputs, relative to max(1, largest output); of gradients, relative to their norm, each and all; and of those
# gradients that are so small a part of the whole that rounding of what cancels in them is not small beside them (a bias
# before a normalisation, the key's bias): relative to the whole.
BOUNDS = {torch.float32: (1e-5, 1e-4, 1e-4, 1e-7), torch.float64: (1e-9, 1e-9, 1e-9, 1e-15)}
SMALL = {torch.float32: 1e-4, torch.float64: 1e-8}


class Decks:
    """Draws from lists so that every value comes up before any comes again."""

    def __init__(self, rng):
        self.rng, self.decks = rng, collections.defaultdict(list)

    def draw(self, name, values):
        deck = self.decks[name]
        if not deck:
            deck.extend(self.rng.sample(values, len(values)))
        return deck.pop()


def unet_levels(rng, family):
    """Types and channels of levels that have a chance to fit each other."""
    n = rng.choice([1, 2, 2, 3, 3]) if family != "kcross" else 3
    pick = lambda types, k=n: [rng.choice(types) for _ in range(k)]
    wide = lambda: [rng.choice([32, 64]) for _ in range(n)]
    if family == "plain":
        return pick(DOWN[:3]), pick(UP[:3]), [rng.choice([8, 16, 24]) for _ in range(n)], {}
    if family == "skip":  # a pyramid is whole or it ends with what does not resample
        return pick(DOWN[3:5], n - 1) + pick(DOWN[:5], 1), rng.choice([pick(UP[3:5]), pick(UP[:5])]), wide(), {}
    if family == "k":
        return pick(DOWN[5:6]), pick(UP[5:6]), wide(), {}
    if family == "kcross":
        return (["KDownBlock2D", rng.choice(DOWN[5:]), DOWN[6]], [UP[6], rng.choice(UP[5:]), rng.choice(UP[5:])],
                [32, 64, 64], {"time_embedding_dim": 64})
    return pick(DOWN), pick(UP), wide(), {}


def draw_unet(decks, rng, family):
    down, up, channels, more = unet_levels(rng, family)
    pyramid = any("Skip" in t for t in down + up)
    d = decks.draw
    o = dict(
        sample_size=d("size", [None, 16, [8, 16]]), in_channels=3 if pyramid else d("in", [1, 3, 4]),
        out_channels=3 if pyramid else d("out", [1, 3, 4]), center_input_sample=d("center", [False, True]),
        time_embedding_type=d("time", ["positional", "fourier", "learned"]),
        time_embedding_dim=d("ted", [None, 24, 64]), freq_shift=d("shift", [0, 1, 0.5]),
        flip_sin_to_cos=d("flip", [False, True]), down_block_types=down, up_block_types=up,
        mid_block_type=d("mid", ["UNetMidBlock2D", "UNetMidBlock2D", None]), block_out_channels=channels,
        layers_per_block=d("layers", [1, 1, 2]), mid_block_scale_factor=d("scale", [1, 1.4142, 2]),
        downsample_padding=d("padding", [0, 1]), downsample_type=d("downsample", ["conv", "resnet"]),
        upsample_type=d("upsample", ["conv", "resnet"]), dropout=d("dropout", [0.0, 0.1]),
        act_fn=d("act", ["silu", "swish", "mish", "gelu", "relu"]), attention_head_dim=d("head", [None, 4, 8, 5]),
        norm_num_groups=d("groups", [None, 4, 8] if family == "skip" else [2, 4, 8]),
        attn_norm_num_groups=d("attn groups", [None, None, 4]), norm_eps=d("eps", [1e-5, 1e-6, 1e-3]),
        resnet_time_scale_shift=d("film", ["default", "scale_shift"]), add_attention=d("attention", [True, True, False]),
        class_embed_type=d("class", [None, None, "timestep", "identity"]), num_class_embeds=d("classes", [None, 5]),
        num_train_timesteps=1000)
    return o | more


def draw_autoencoder(decks, rng, _family):
    n, d = decks.draw("levels", [1, 2, 3]), decks.draw
    layers = d("layers", [0, 1, 1, 2])
    channels = [8] * n if layers == 0 else [rng.choice([8, 12, 16]) for _ in range(n)]
    return dict(
        in_channels=d("in", [1, 3, 4]), out_channels=d("out", [1, 3, 5]), block_out_channels=channels,
        down_block_types=[rng.choice(["DownEncoderBlock2D", "AttnDownEncoderBlock2D"]) for _ in range(n)],
        up_block_types=[rng.choice(["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]) for _ in range(n)],
        layers_per_block=layers, act_fn=d("act", ["silu", "swish", "mish", "gelu", "relu"]),
        latent_channels=d("latent", [2, 4]), norm_num_groups=d("groups", [2, 4]), sample_size=d("size", [16, [16, 32]]),
        scaling_factor=0.3, shift_factor=d("shift", [None, 0.25]), force_upcast=d("upcast", [False, True]),
        use_quant_conv=d("quant", [False, True]), use_post_quant_conv=d("post", [False, True]),
        mid_block_add_attention=d("mid", [False, True]))


def inputs_of(kind, config):
    factor = 2 ** (len(config["block_out_channels"]) - 1)
    x = torch.randn(2, config["in_channels"], 2 * factor, 4 * factor)
    if kind is AutoencoderKL:
        return {"x": x, "target": torch.randn(2, config["out_channels"], *x.shape[2:]),
                "noise": torch.randn(2, config["latent_channels"], 2, 4)}
    learned = config["time_embedding_type"] == "learned"
    number = lambda: torch.randint(0, 1000, (2,)) if learned else torch.rand(2) * 40 + 0.1
    v = {"x": x, "t": number(), "target": torch.randn(2, config["out_channels"], *x.shape[2:])}
    if config["class_embed_type"] == "timestep":
        v["labels"] = number()
    elif config["class_embed_type"] == "identity":
        v["labels"] = torch.randn(2, config["time_embedding_dim"] or 4 * config["block_out_channels"][0])
    elif config["num_class_embeds"]:
        v["labels"] = torch.randint(0, config["num_class_embeds"], (2,))
    return v


def step(model, v, dtype=torch.float32):
    """Outputs and gradients as ctforge writes them."""
    model.to(dtype)
    v = v | {k: v[k].to(dtype) for k in ("x", "target", "noise") if k in v}
    if isinstance(model, AutoencoderKL):
        posterior = model.encode(v["x"]).latent_dist
        z = posterior.mean + torch.exp(0.5 * posterior.logvar) * v["noise"]
        out = {"mean": posterior.mean, "logvar": posterior.logvar, "y": model.decode(z).sample}
    else:
        timestep = model.config.class_embed_type == "timestep"  # whose waves diffusers does not cast
        cast = timestep and model.class_embedding.register_forward_pre_hook(lambda _, given: (given[0].to(dtype),))
        out = {"y": model(v["x"], v["t"], v.get("labels")).sample}
        if cast:
            cast.remove()
    assert out["y"].shape == v["target"].shape and all(t.isfinite().all() for t in out.values())
    model.zero_grad()
    (out["y"] - v["target"]).square().mean().backward()
    grads = {"grad." + k: p.grad for k, p in model.named_parameters() if p.grad is not None}
    return {k: t.detach() for k, t in (out | grads).items()}


def shaken(model):
    """A fresh normalisation has ones and zeros, which hide a swap."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p += 0.2 * torch.randn_like(p)
    return model.eval()


def drawn(kind, count, rng, refused):
    """`count` configurations that diffusers runs; those it does not run are added to `refused`."""
    draw = draw_unet if kind is UNet2DModel else draw_autoencoder
    decks, found = Decks(rng), []
    families = ["plain", "skip", "plain", "k", "kcross", "skip", "plain", "any"]
    while len(found) < count:
        config = draw(decks, rng, families[len(found) % len(families)])
        try:
            model = shaken(kind(**config))
            v = inputs_of(kind, config)
            step(model, v)
            found.append((config, model, v))
        except (AssertionError, IndexError, RuntimeError, TypeError, ValueError, ZeroDivisionError):
            refused.append((kind, config))
    return found


def write_config(folder, kind, config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config | {"_class_name": kind.__name__}))


def opened(kind, folder):
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    wrong = {k: v for k, v in info.items() if v}
    assert not wrong, (folder.name, wrong)
    return model.eval()


def compare(ours, theirs, small):
    """Largest output difference; largest ratio of a gradient's difference to its norm, and the same of all gradients as
    one; of the small ones, the largest difference as a part of the whole, and how many there are; whose the second is."""
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    forward = max((ours[k] - t).abs().max().item() / max(1, t.abs().max().item())
                  for k, t in theirs.items() if not k.startswith("grad."))
    norms = {k[5:]: ((ours[k] - t).double().norm().item(), t.double().norm().item())
             for k, t in theirs.items() if k.startswith("grad.")}
    whole = sum(n * n for _, n in norms.values()) ** 0.5
    overall = sum(d * d for d, _ in norms.values()) ** 0.5 / whole
    noise = [d / whole for d, n in norms.values() if n < small * whole]
    ratio, where = max((d / n, k) for k, (d, n) in norms.items() if n >= small * whole)
    return (forward, ratio, overall, max(noise, default=0.0)), len(noise), where


def summary(config):
    short = lambda types: " ".join(t.replace("Block2D", "").replace("sample", "") for t in types)
    rest = {k: v for k, v in config.items() if k in ("act_fn", "time_embedding_type", "class_embed_type",
                                                     "resnet_time_scale_shift") and v}
    return f"{short(config['down_block_types'])} | {short(config['up_block_types'])} | {' '.join(rest.values())}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rng, refused, configs = random.Random(arguments.seed), [], {}
    temporary = tempfile.TemporaryDirectory()
    root = arguments.keep or pathlib.Path(temporary.name)
    for kind, prefix in ((UNet2DModel, "unet"), (AutoencoderKL, "vae")):
        for way in ("theirs", "ours"):
            for i, (config, model, v) in enumerate(drawn(kind, arguments.count, rng, refused)):
                name = f"{way}/{prefix}_{i:02d}"
                if way == "theirs":
                    model.save_pretrained(root / name)
                else:
                    write_config(root / name, kind, config)
                save_file({k: t.contiguous() for k, t in v.items()}, root / name / "values.safetensors")
                configs[name] = (kind, config)
    (root / "refused").mkdir()
    for i, (kind, config) in enumerate(refused):
        write_config(root / "refused" / f"{'unet' if kind is UNet2DModel else 'vae'}_{i:03d}", kind, config)
    subprocess.run([arguments.tests, "--gtest_filter=DiffusersPeer.*", "--gtest_brief=1"], check=True,
                   env=os.environ | {"CTFORGE_NETS_PEER": str(root)})
    worst = {dtype: [0.0] * 4 for dtype in BOUNDS}
    print(f"{'':15}|{'float32':^33}|{'float64':^33}|\n{'network':15}" + "|  output gradient    all  (small)  " * 2 + "|")
    for name, (kind, config) in configs.items():
        v, line = load_file(root / name / "values.safetensors"), f"{name:15}"
        model = opened(kind, root / name)
        for dtype, file in ((torch.float32, "ours"), (torch.float64, "ours64")):
            figures, count, where = compare(load_file(root / name / f"{file}.safetensors"), step(model, v, dtype),
                                            SMALL[dtype])
            worst[dtype] = [max(a, b) for a, b in zip(worst[dtype], figures)]
            line += "|" + "".join(f"{x:8.0e}" for x in figures[:3]) + f"{figures[3]:6.0e}{count:3d}"
        print(f"{line}| {summary(config)}")
    print(f"{'worst':15}" + "".join("|" + "".join(f"{x:8.1e}" for x in w[:3]) + f"{w[3]:8.0e} " for w in worst.values())
          + f"| of {len(configs)} networks; {len(refused)} that diffusers cannot run were refused")
    assert all(w < b for dtype, bounds in BOUNDS.items() for w, b in zip(worst[dtype], bounds)), worst


if __name__ == "__main__":
    main()
