"""Methods and samplers side by side on one data set: Fréchet distance, seconds, and a picture.

Usage: python method_table.py OUT PART... [--program build/ctforge] [--settings "key=value" ...] [--config FILE ...]

    python method_table.py OUT all --config configs/head_neck_64.yaml --settings prepare.input=DIR

Parts, each resumable, so that several can run at the same time once `codec` is done:

    codec        the autoencoder that all of them share
    teacher      an EDM generator, drawn from with samplers and steps as they are usually advised
    consistency  easy consistency tuning of that teacher, drawn from in 1 and 2 steps
    flow         rectified flow in 1, 2, 4 and 50 steps, before and after reflow over its own pairs, and distilled to one
                 step from the pairs of that
    schedules    DDPM with a linear and a cosine schedule, and rectified flow, at equal training and steps, 3 seeds
    gan          an EDM generator and a GAN of the same latents after --minutes of training each, 3 seeds
    table        what came of it, as Markdown on stdout and as OUT/methods.png (needs numpy and Pillow)

Networks are trained for --steps steps; those of consistency, flow and reflow for --further, those of `schedules` for a third
of --steps, those of `gan` by the clock.
"""
import argparse
import json
import pathlib
import shutil
import struct
import subprocess
import sys

SAMPLERS = "ddpm,1000|ddim,50|heun,18|dpmpp_2m,20|dpmpp_2m,10|unipc,10|dpmpp_2m_sde,20"
METHODS = "ddpm,linear,noise,ddim|ddpm,cosine,noise,ddim|rectified_flow,cosine,auto,euler"


class Experiment:
    def __init__(self, arguments):
        self.out = pathlib.Path(arguments.out)
        self.program = arguments.program
        self.common = [word for file in arguments.config for word in ("--config", file)]
        settings = ["sample.guidance=1", f"sample.count={arguments.count}", f"evaluate.images={arguments.count}",
                    "evaluate.downstream.enabled=false", "train.time_limit_min=0", "train.seed=1", *arguments.settings]
        self.common += [word for setting in settings for word in ("--set", setting)]
        self.steps, self.pairs, self.minutes = arguments.steps, arguments.pairs, arguments.minutes
        self.further = arguments.further or self.steps // 2

    def run(self, command, name, *settings):
        words = [self.program, command, *self.common, "--out", str(self.out / name)]
        subprocess.run(words + [word for setting in settings for word in ("--set", setting)], check=True)

    def sweep(self, name, grid, *settings):
        rows = ", ".join(f'"{row}"' for row in grid)
        self.run("sweep", name, f"sweep.grid=[{rows}]", "run.stages=[prepare,train,sample,evaluate]", *settings)

    def trained(self, name):
        """A cell of a sweep whose cells all have the same generator."""
        return sorted(path.parent for path in (self.out / name / "cells").glob("*/checkpoints"))[0]

    def codec(self):
        self.run("run", "codec", "run.stages=[prepare,train]", "train.steps=1")

    def from_codec(self, steps):
        return f"train.from={self.out / 'codec'}", "train.from_weights=false", f"train.steps={steps}"

    def teacher(self):
        self.sweep("teacher", [f"sample.sampler,sample.steps={SAMPLERS}"], *self.from_codec(self.steps))

    def consistency(self):
        self.sweep("consistency", ["sample.steps=2|1"], "train.method=consistency", "sample.sampler=consistency",
                   f"train.from={self.trained('teacher')}", f"train.steps={self.further}", "train.learning_rate=2e-4",
                   "train.schedule=constant")

    def flow(self):
        method = "train.method=rectified_flow", "sample.sampler=euler"
        self.sweep("flow", ["sample.steps=50|4|2|1"], *method, *self.from_codec(self.further))
        pairs = self.pairs_of("flow", "pairs", *method, *self.from_codec(self.further))
        reflow = *method, f"train.from={pairs}", f"train.pairs={pairs / 'samples'}", f"train.steps={self.further}"
        self.sweep("reflow", ["sample.steps=50|4|2|1"], *reflow, "train.times=u_shaped")
        straight = self.pairs_of("reflow", "straight_pairs", *reflow, "train.times=u_shaped")
        self.sweep("distilled", ["sample.steps=1"], *method, f"train.from={straight}",
                   f"train.pairs={straight / 'samples'}", "train.times=noisiest", f"train.steps={self.further}")

    def pairs_of(self, teacher, name, *settings):
        """A copy of the generator, with samples that keep the noise they began at."""
        pairs = self.out / name
        if not pairs.exists():
            shutil.copytree(self.trained(teacher), self.out / f"{name}.new")
            (self.out / f"{name}.new").rename(pairs)
        self.run("sample", name, *settings, "sample.pairs=true", "sample.steps=30", f"sample.count={self.pairs}",
                 "sample.classes=training")
        return pairs

    def schedules(self):
        grid = ["train.seed=1|2|3", f"train.method,train.betas,train.target,sample.sampler={METHODS}"]
        self.sweep("schedules", grid, "sample.steps=50", *self.from_codec(self.steps // 3))

    def gan(self):
        self.sweep("gan", ["train.seed=1|2|3", "model.kind=diffusion|gan"], *self.from_codec(10**9),
                   f"train.time_limit_min={self.minutes}", "train.schedule=inverse_sqrt")

    def table(self):
        pictures = []
        print("| generator | drawn with | FD-Lite0 | floor | seconds per 1,000 |\n|---|---|---|---|---|")
        for name in ("teacher", "consistency", "flow", "reflow", "distilled", "schedules", "gan"):
            file = self.out / name / "sweep.json"
            for row in json.loads(file.read_text())["rows"] if file.exists() else []:
                figures, settings = row["figures"], row["settings"]
                how = ", ".join(f"{key.split('.')[1]} {value}" for key, value in settings.items())
                features = next((key for key in figures if key.endswith(".frechet")), None)
                if features is None:
                    print(f"| {name} | {how} | failed | | |")
                    continue
                print(f"| {name} | {how} | {figures[features]:.1f} [{figures[features + '.low']:.1f}, "
                      f"{figures[features + '.high']:.1f}] | {figures[features.split('.')[0] + '.floor']:.1f} | "
                      f"{figures['sample_s_per_1000']:.1f} |")
                pictures.append((self.cell(name, settings), f"{name}: {how}"))
        self.picture(pictures)

    def cell(self, name, settings):
        for manifest in (self.out / name / "cells").glob("*/manifest.json"):
            configuration = json.loads(manifest.read_text())["configuration"]
            if all(str(of(configuration, key)) == value for key, value in settings.items()):
                return manifest.parent
        raise SystemExit(f"no cell of {name} has {settings}")

    def picture(self, rows, columns=12):
        import numpy
        from PIL import Image, ImageDraw
        strips = []
        for folder, text in rows:
            shard = sorted((folder / "samples").glob("synthetic-*.safetensors"))[0].read_bytes()
            length = struct.unpack("<Q", shard[:8])[0]
            entry = json.loads(shard[8:8 + length])["hu"]
            first, last = entry["data_offsets"]
            hu = numpy.frombuffer(shard[8 + length + first:8 + length + last], "<i2").reshape(entry["shape"])
            hu = hu.reshape(-1, *hu.shape[-2:])[:columns]
            grey = numpy.clip((hu.astype(float) + 200) / 600 * 255, 0, 255).astype("uint8")  # -200 to 400 HU
            strip = Image.fromarray(numpy.concatenate(list(grey), axis=1))
            page = Image.new("L", (strip.width, strip.height + 14), 255)
            page.paste(strip, (0, 14))
            ImageDraw.Draw(page).text((2, 1), text, fill=0)
            strips.append(numpy.asarray(page))
        Image.fromarray(numpy.concatenate(strips)).save(self.out / "methods.png")


def of(configuration, key):
    for part in key.split("."):
        configuration = configuration[part]
    return configuration


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("parts", nargs="+")
    parser.add_argument("--program", default="build/ctforge")
    parser.add_argument("--config", action="append", default=[])
    parser.add_argument("--settings", nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--further", type=int, help="of consistency, flow and reflow; half of --steps if not given")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=20)
    arguments = parser.parse_args()
    experiment = Experiment(arguments)
    everything = ["codec", "teacher", "consistency", "flow", "schedules", "gan", "table"]
    for part in everything if arguments.parts == ["all"] else arguments.parts:
        if part not in everything:
            sys.exit(f"unknown part {part}; there are {', '.join(everything)}")
        getattr(experiment, part)()


if __name__ == "__main__":
    main()
