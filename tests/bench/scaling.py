"""What samples and training cost at several sizes of slice, on one core, on two, and on two processes, in one run.

Usage: python scaling.py OUT [--program build/ctforge] [--sizes 64 128 256] [--rounds 3] [--settings "key=value" ...]

Prints Markdown: seconds per 1,000 samples, patches a second in training, the parameters of the network and so the bytes
that each step of training exchanges, and how much of two threads' speed two processes of one thread reach. The networks
have learned nothing: what they cost does not depend on that. Medians over the rounds, in which the settings take turns.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess

WAYS = {"1 thread": (1, 1), "2 threads": (1, 2), "2 processes": (2, 1)}  # processes, threads of each


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.out = pathlib.Path(arguments.out)

    def run(self, command, out, processes, threads, settings):
        words = [command, "--out", str(out), "--set", f"run.threads={threads}"]
        words += [word for setting in [*settings, *self.arguments.settings] for word in ("--set", setting)]
        launch = ["launch", "-n", str(processes)] if processes > 1 else []
        done = subprocess.run([self.arguments.program, *launch, *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)

    def settings(self, size, count):
        # As many patches a batch as keep a step's work alike.
        batch = max(2, 16 * 64 * 64 // (size * size))
        return [
            "phantom.patients=6", "phantom.slices=6", "phantom.slice_mm=20", f"phantom.matrix={size}",
            "prepare.patch.cut=whole", f"prepare.patch.width={size}", f"prepare.patch.height={size}",
            "prepare.split.test_patients=1", "prepare.split.validation_patients=0", "train.autoencoder.steps=1",
            "train.log_every=2", "train.warmup=0", "train.precision=fp32", f"train.batch={batch}", "sample.sampler=dpmpp_2m",
            "sample.steps=20", "sample.guidance=1", f"sample.count={count}", f"sample.batch={min(16, count)}",
            "sample.classes=balanced",
        ]

    def sampling(self, size, way):
        count = max(4, 128 * 64 * 64 // (size * size))
        out = self.out / str(size)
        processes, threads = WAYS[way]
        # Another seed each time: what is done is not done again.
        self.seed += 1
        self.run("sample", out, processes, threads, [*self.settings(size, count), "train.steps=1", f"sample.seed={self.seed}"])
        seconds = json.loads((out / "manifest.json").read_text())["stages"]["sample"]["seconds"]
        return 1000 * seconds / count

    def training(self, size, way):
        steps = self.arguments.steps
        out = self.out / f"{size}-train"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self.out / str(size), out, ignore=shutil.ignore_patterns("checkpoints", "metrics.jsonl", "samples"))
        processes, threads = WAYS[way]
        self.run("train", out, processes, threads, [*self.settings(size, 4), f"train.steps={steps}"])
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        rates = [line["images_per_s"] for line in lines if line.get("phase") == "diffusion" and line.get("kind") == "train"]
        return statistics.median(rates[1:])  # the first has the start in it

    def parameters(self, size):
        weights = (self.out / str(size) / "checkpoints" / "unet" / "diffusion_pytorch_model.safetensors").stat()
        return weights.st_size / 4

    def measure(self):
        self.seed = 0
        print("| slice | way | s per 1,000 samples | patches/s in training | exchanged a step |\n|---|---|---|---|---|")
        for size in self.arguments.sizes:
            out = self.out / str(size)
            for stage in ("phantom", "prepare", "train"):
                self.run(stage, out, 1, 2, [*self.settings(size, 4), "train.steps=1"])
            samples, rates = {way: [] for way in WAYS}, {way: [] for way in WAYS}
            for _ in range(self.arguments.rounds):
                for way, (processes, _) in WAYS.items():
                    if processes == 1:  # processes take whole shards of 256, more than is drawn here
                        samples[way].append(self.sampling(size, way))
                    rates[way].append(self.training(size, way))
            for way in WAYS:
                exchanged = f"{4 * self.parameters(size) / 1e6:.1f} MB" if WAYS[way][0] > 1 else ""
                drawn = f"{statistics.median(samples[way]):.1f}" if samples[way] else ""
                print(f"| {size} | {way} | {drawn} | {statistics.median(rates[way]):.2f} | "
                      f"{exchanged} |", flush=True)
            ratio = [two / one for two, one in zip(rates["2 processes"], rates["2 threads"])]
            print(f"| {size} | 2 processes / 2 threads | | {statistics.median(ratio):.2f} | |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--program", default="build/ctforge")
    parser.add_argument("--sizes", nargs="*", type=int, default=[64, 128, 256])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--settings", nargs="*", default=[])
    Bench(parser.parse_args()).measure()


if __name__ == "__main__":
    main()
