"""TensorBoard's own reader on the files of a run that was interrupted and resumed: every value and step of metrics.jsonl.

Usage: python tensorboard_read.py CTFORGE [OUT]      (needs the package tensorboard; says so and stops where it is absent)
  CTFORGE  the program
  OUT      a run's folder to compare instead of one that is trained here on the phantom of tests/cli/tiny.yaml

Training is stopped by SIGTERM and then killed by SIGKILL, each after some steps, and run to its end. While all this
goes on readers stay open, as a person's TensorBoard does, and must end with what new ones find. Values are
float32 in the files; that is the only difference allowed. Pictures must decode, with their size and tag.

Printed with tensorboard 2.21.0:
  EventAccumulator, new: 8 runs, 56 curves, 962 values, 0 curves differ
  the server's, new: 8 runs, 56 curves, 962 values, 0 curves differ
  EventAccumulator, open all the time: 8 runs, 56 curves, 962 values, 0 curves differ
  the server's, open all the time: 8 runs, 56 curves, 962 values, 0 curves differ
  pictures: 8, all marked as synthetic
"""
import collections
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

try:
    from tensorboard.backend.event_processing import event_accumulator, event_multiplexer, plugin_event_multiplexer
    from tensorboard.util import tensor_util
except ImportError:
    sys.exit("skipped: the package tensorboard is not installed")

TINY = pathlib.Path(__file__).parents[1] / "cli" / "tiny.yaml"
SETTINGS = ["train.steps=60", "train.autoencoder.steps=40", "train.checkpoint_every=7", "train.validate_every=10",
            "sample.format=shards"]  # fmt: skip
ALL = {event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0, event_accumulator.IMAGES: 0}  # 0: keep all


def command(program, stage, out):
    return [program, stage, "-c", str(TINY), "-o", str(out)] + [w for s in SETTINGS for w in ("-s", s)]


def lines_of(out):
    """Lines of metrics.jsonl; one that is being written, or was left unfinished, is none."""
    path = out / "metrics.jsonl"
    found = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return found


def flat(prefix, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(f"{prefix}/{key}" if prefix else key, inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield prefix, value


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def expected_scalars(out):
    """{run: {tag: [(step, value)]}}, of metrics.jsonl and of the segmenters' curves."""
    runs = {}
    for line in lines_of(out):
        tags = runs.setdefault(f"{line['phase']}/{line['kind']}", {})
        for tag, value in flat("", {k: v for k, v in line.items() if k not in ("schema", "time", "step")}):
            tags.setdefault(tag, []).append((line["step"], float32(value)))
    downstream = out / "evaluation" / "downstream.json"
    arms = json.loads(downstream.read_text())["downstream"]["arms"] if downstream.exists() else {}
    for arm, entry in arms.items():
        for cell in entry["cells"]:
            tags = runs.setdefault(f"segmenter/{arm}-{cell['seed']}", {})
            for point in cell["curve"]:
                for tag, value in flat("", {k: v for k, v in point.items() if k != "step"}):
                    tags.setdefault(tag, []).append((point["step"], float32(value)))
    return runs


def read_scalars(accumulator):
    """{tag: [(step, value)]}; the reader of TensorBoard's own server turns scalars into tensors."""
    tags = accumulator.Tags()
    found = {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in tags.get("scalars", [])}
    for tag in tags.get("tensors", []):
        found[tag] = [(e.step, tensor_util.make_ndarray(e.tensor_proto).item()) for e in accumulator.Tensors(tag)]
    return found


def compare(out, multiplexer, who):
    expected = expected_scalars(out)
    values = differing = 0
    runs = {run for run in multiplexer.Runs() if run != "samples"}
    assert runs == set(expected), (who, runs, set(expected))
    for run, tags in expected.items():
        found = read_scalars(multiplexer.GetAccumulator(run))
        assert set(found) == set(tags), (who, run, set(found) ^ set(tags))
        for tag, wanted in tags.items():
            values += len(wanted)
            differing += found[tag] != wanted
    print(f"{who}: {len(expected)} runs, {sum(map(len, expected.values()))} curves, {values} values, {differing} curves differ")
    return differing == 0


def readers():
    """Both of the package's: the one for programs, and the one of TensorBoard's server."""
    return {"EventAccumulator": event_multiplexer.EventMultiplexer(size_guidance=ALL),
            "the server's": plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance=collections.defaultdict(int))}  # fmt: skip


def reload(each, out):
    for reader in each.values():
        reader.AddRunsFromDirectory(str(out / "tensorboard"))
        reader.Reload()


def stop_in(program, out, phase, kind_of_end, open_readers):
    """Starts training and ends it once the phase has logged 12 more steps."""
    before = len([line for line in lines_of(out) if line["phase"] == phase])
    process = subprocess.Popen(command(program, "train", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len([line for line in lines_of(out) if line["phase"] == phase]) < before + 12:
        time.sleep(0.01)
    process.send_signal(kind_of_end)
    code = process.wait()
    assert code == (75 if kind_of_end == signal.SIGTERM else -signal.SIGKILL), code
    reload(open_readers, out)


def trained(program, out, open_readers):
    for stage in ("phantom", "prepare"):
        subprocess.run(command(program, stage, out), check=True, capture_output=True)
    stop_in(program, out, "autoencoder", signal.SIGTERM, open_readers)
    stop_in(program, out, "diffusion", signal.SIGKILL, open_readers)
    stop_in(program, out, "diffusion", signal.SIGTERM, open_readers)
    for stage in ("train", "sample", "evaluate"):
        subprocess.run(command(program, stage, out), check=True, capture_output=True)


def check_pictures(out):
    accumulator = event_accumulator.EventAccumulator(str(out / "tensorboard" / "samples"), ALL).Reload()
    count = 0
    for tag in accumulator.Tags()["images"]:
        for image in accumulator.Images(tag):
            width, height = struct.unpack(">II", image.encoded_image_string[16:24])
            assert image.encoded_image_string.startswith(b"\x89PNG") and (width, height) == (image.width, image.height)
            assert tag.startswith("synthetic/")
            count += 1
    print(f"pictures: {count}, all marked as synthetic")
    return count > 0


def main():
    open_readers = readers()
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(scratch) / "out"
        if len(sys.argv) <= 2:
            trained(sys.argv[1], out, open_readers)
        same = True
        for who, each in (("new", readers()), ("open all the time", open_readers)):
            reload(each, out)
            for name, reader in each.items():
                same = compare(out, reader, f"{name}, {who}") and same
        same = check_pictures(out) and same
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
