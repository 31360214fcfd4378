"""Runs one libFuzzer target of the preset "fuzz": python3 tests/fuzz/run.py safetensors|nifti|numpy|config [SECONDS] [--keep]

Begins with the seeds made here and the corpus kept in tests/fuzz/corpus/; with --keep what was found is reduced to the
inputs that reach something new and kept there. Ends with the fuzzer's exit code: 0 when nothing was found."""

import argparse
import gzip
import json
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build-fuzz"
LONGEST = 4096  # bytes of an input
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same for all: the archive depends on its contents alone


def safetensors_seeds():
    for header in (
        {"a": {"dtype": "I16", "shape": [2, 3], "data_offsets": [0, 12]}, "__metadata__": {"format": "pt"}},
        {"a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, "b": {"dtype": "U8", "shape": [8], "data_offsets": [4, 12]}},
    ):
        text = json.dumps(header).encode()
        yield struct.pack("<Q", len(text)) + text + bytes(range(12))


def nifti_seeds():
    first = bytearray(352)
    struct.pack_into("<i", first, 0, 348)
    struct.pack_into("<8h", first, 40, 3, 3, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<2h8f", first, 70, 4, 16, *[1.0] * 8)
    struct.pack_into("<3f", first, 108, 352, 1, 0)
    first[123] = 2
    struct.pack_into("<2h", first, 252, 1, 1)
    for row in range(3):
        struct.pack_into("<f", first, 280 + 20 * row, 1)
    first[344:348] = b"n+1\0"
    second = bytearray(544)
    struct.pack_into("<i8s2h", second, 0, 540, b"n+2\0\r\n\x1a\n", 4, 16)
    struct.pack_into("<8q", second, 16, 3, 3, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<8d", second, 104, *[1.0] * 8)
    struct.pack_into("<q2d", second, 168, 544, 1, 0)
    struct.pack_into("<2i", second, 344, 1, 1)
    for row in range(3):
        struct.pack_into("<d", second, 400 + 40 * row, 1)
    struct.pack_into("<i", second, 500, 2)
    for header in (first, second):
        yield bytes(header) + bytes(24)
        yield gzip.compress(bytes(header) + bytes(24), mtime=0)


def numpy_seeds():
    for path in sorted((HERE.parent / "oracle").glob("numpy_*.np[yz]")):
        yield path.read_bytes()


def config_seeds():
    for path in sorted((HERE.parents[1] / "configs").rglob("*.yaml")):
        yield path.read_bytes()[:LONGEST]
    yield b"train: {steps: 10, betas: &b [1, 2]}\nsample: {grid: *b}\n\0train.unet.channels=[32,64]"


SEEDS = {"safetensors": safetensors_seeds, "nifti": nifti_seeds, "numpy": numpy_seeds, "config": config_seeds}


def fill(corpus, name):
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]()):
        (corpus / f"seed{number}").write_bytes(seed)
    kept = HERE / "corpus" / f"{name}.zip"
    if kept.exists():
        with zipfile.ZipFile(kept) as archive:
            archive.extractall(corpus)


def keep(program, corpus, name):
    reduced = corpus.with_name(name + "-reduced")
    shutil.rmtree(reduced, ignore_errors=True)
    reduced.mkdir()
    subprocess.run([program, "-merge=1", reduced, corpus], check=True, capture_output=True)
    (HERE / "corpus").mkdir(exist_ok=True)
    with zipfile.ZipFile(HERE / "corpus" / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(reduced.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, ZIP_DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{name}: {len(list(reduced.iterdir()))} inputs kept")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=SEEDS)
    parser.add_argument("seconds", type=int, nargs="?", default=600)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    program = BUILD / f"{arguments.name}_fuzz"
    corpus = BUILD / "corpus" / arguments.name
    fill(corpus, arguments.name)
    result = subprocess.run(
        [program, f"-max_total_time={arguments.seconds}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=1024",
         "-print_final_stats=1", f"-artifact_prefix={BUILD}/{arguments.name}-", corpus])
    if result.returncode == 0 and arguments.keep:
        keep(program, corpus, arguments.name)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
