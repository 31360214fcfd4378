"""Starts the built ctforge ($CTFORGE) as somebody's script would, and reads what it leaves."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ.get("CTFORGE", "ctforge")
TINY = Path(__file__).with_name("tiny.yaml")
OF_THE_MACHINE = ("time", "images_per_s", "elapsed_s", "memory_bytes", "peak_memory_bytes")
STAGES = ["phantom", "prepare", "train", "sample", "evaluate", "report"]


def command(stage, out, *settings, config=TINY):
    """The arguments of `ctforge STAGE` with settings of the form section.key=value."""
    return [stage, "--config", str(config), "--out", str(out)] + [word for text in settings for word in ("--set", text)]


def run(arguments, **options):
    """Runs ctforge to its end: returncode, stdout and stderr as text."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=500, **options)


def start(arguments):
    """Starts ctforge in the background, its output thrown away."""
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(condition, process, seconds=120, pause=0.005):
    """Waits until the condition holds while the process runs; whether it came to hold."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return True
        time.sleep(pause)
    return False


def read_json(path):
    return json.loads(Path(path).read_text())


def stages_done(out):
    """Names of the stages that the manifest says are done; none where there is no manifest."""
    manifest = Path(out) / "manifest.json"
    if not manifest.exists():
        return []
    return [name for name, stage in read_json(manifest).get("stages", {}).items() if stage["state"] == "done"]


def read_safetensors(path):
    """(metadata, {name: (dtype, shape, bytes)}) of a safetensors file."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = data[8 + length :]
    spans = {name: (*entry["data_offsets"], entry) for name, entry in header.items()}
    return metadata, {name: (e["dtype"], tuple(e["shape"]), body[a:b]) for name, (a, b, e) in spans.items()}


def newest(folder, prefix):
    """The checkpoint PREFIX-*.safetensors with the highest step."""
    return max(Path(folder).glob(f"{prefix}-*.safetensors"))


def metrics(out):
    """The lines of metrics.jsonl without what depends on the clock or the machine."""
    path = Path(out) / "metrics.jsonl"
    if not path.exists():
        return []
    lines = []
    for text in path.read_text().splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:  # being written
            continue
        lines.append({key: value for key, value in line.items() if key not in OF_THE_MACHINE})
    return lines


def trained_state(out):
    """All that training leaves: every tensor of the last checkpoints (raw and averaged weights, both of the optimiser's
    moments), every byte of the exported networks and of the latents, and the figures logged on the way."""
    folder = Path(out) / "checkpoints"
    state = {"metrics": metrics(out)}
    for prefix in ("autoencoder", "generator"):
        path = newest(folder, prefix)
        state[path.name] = read_safetensors(path)[1]
    for path in sorted([*folder.glob("*/*"), folder / "latents.safetensors"]):
        state[str(path.relative_to(folder))] = path.read_bytes()
    return state


def differences(one, other):
    """Names of the parts in which two trained states differ."""
    names = []
    for key in sorted(set(one) | set(other)):
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            names += [f"{key}:{name}" for name in sorted(set(a) | set(b)) if a.get(name) != b.get(name)]
        elif a != b:
            names.append(key)
    return names


TIMES = ("seconds", "patches_per_second", "seconds_per_sample", "elapsed_s", "images_per_s")


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def whole_state(out):
    """SHA-256 of all that a run leaves but for what tells the time, by name: files of the cohort, the data, the samples and
    of features, every tensor of training, the figures of the evaluation."""

    def digest(data):
        return hashlib.sha256(data if isinstance(data, bytes) else repr(data).encode()).hexdigest()

    out = Path(out)
    state = {name: digest(part) for name, part in trained_state(out).items()}
    for pattern in ("cohort/**/*", "data/*", "samples/*.safetensors", "evaluation/cells/features-*"):
        for path in sorted(out.glob(pattern)):
            if path.is_file():
                state[str(path.relative_to(out))] = digest(path.read_bytes())
    for path in [out / "data" / "prepare.json", *sorted(out.glob("evaluation/**/*.json"))]:
        json_ = without_times(read_json(path))
        json_.pop("key", None)
        json_.pop("listing_hmac_sha256", None)  # of the times of the cohort's files
        state[str(path.relative_to(out))] = digest(json_)
    return state


def differing(one, other):
    """Names of the hashes in which two runs differ."""
    return [name for name in sorted(set(one) | set(other)) if one.get(name) != other.get(name)]


def stage_under_way(out):
    """The stage that was begun and not finished; "between" where there is none."""
    manifest = Path(out) / "manifest.json"
    stages = read_json(manifest).get("stages", {}) if manifest.exists() else {}
    return next((name for name, stage in stages.items() if stage["state"] != "done"), "between")


def left_behind(out):
    """Temporary files, and what is only there while a stage is under way."""
    found = [*leftovers(out), *Path(out).glob("samples/**/unfinished-*"), *Path(out).glob("data/progress")]
    return found + [*Path(out).glob("checkpoints/*-parts"), *Path(out).glob("evaluation/cells/segmenter-*.safetensors")]


def leftovers(out):
    """Temporary files that somebody forgot."""
    return [path for path in Path(out).rglob(".*") if path.name.startswith(".ctforge-part-") or path.name == ".part"]


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ctforge-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def expect(self, code, result):
        """Fails with everything the program said unless it ended with this code."""
        self.assertEqual(result.returncode, code, f"\n{' '.join(result.args)}\n{result.stdout}\n{result.stderr}")
        return result

    def done(self, stage, out, *settings, config=TINY):
        return self.expect(0, run(command(stage, out, *settings, config=config)))
