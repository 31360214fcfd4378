"""Prometheus' own checker and node_exporter on the text file that a run writes.

Usage: python prometheus_check.py CTFORGE     (needs promtool of Debian's package prometheus, and
                                               prometheus-node-exporter; says so and stops where they are absent)

A tiny run writes the file from its beginning to its end, and is asked for it every few milliseconds: each text found must be
whole and pass `promtool check metrics` (lint included), and nothing but NAME.prom may end in .prom in the folder. A real
node_exporter then serves the last one: the same samples, no textfile error.

Printed with promtool 2.42.0, prometheus-node-exporter 1.5.0:
  14 texts checked, complaints of promtool: []
  node_exporter: 55 samples of 55, 16 families, ['node_textfile_scrape_error 0']
"""
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

TINY = pathlib.Path(__file__).parents[1] / "cli" / "tiny.yaml"
STAGES = ["phantom", "prepare", "train", "sample", "evaluate", "report"]
EXPORTER = shutil.which("prometheus-node-exporter")


def samples_of(text):
    return {line for line in text.splitlines() if line.startswith("ctforge_")}


def serve(folder):
    """What node_exporter serves of the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [EXPORTER, "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}",
         f"--web.listen-address={address}"], stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(100):
            try:
                return urllib.request.urlopen(f"http://{address}/metrics", timeout=5).read().decode()
            except OSError:
                time.sleep(0.1)
        raise SystemExit("node_exporter did not answer")
    finally:
        process.terminate()
        process.wait()


def main():
    if shutil.which("promtool") is None or EXPORTER is None:
        sys.exit("skipped: promtool or prometheus-node-exporter is not installed")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "textfile"
        folder.mkdir()
        prom = folder / "run.prom"
        command = [sys.argv[1], "run", "-c", str(TINY), "-o", scratch + "/out", "-s", f"run.prometheus={prom}", "-s", 'run.name=a "night" run']
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        texts = {}
        while process.poll() is None:
            others = {path.name for path in folder.glob("*.prom")} - {prom.name}
            assert not others, others
            if prom.exists():
                text = prom.read_text()
                state = [line for line in text.splitlines() if line.startswith("ctforge_stage_state")]
                texts["\n".join(state)] = text
            time.sleep(0.003)
        assert process.returncode == 0, process.returncode
        texts["end"] = prom.read_text()
        complaints = set()
        for text in texts.values():
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            complaints |= set((checked.stdout + checked.stderr).split("\n")) - {""}
            assert text.endswith("\n") and scratch not in text
            assert checked.returncode == 0, checked.stderr + text
        print(f"{len(texts)} texts checked, complaints of promtool: {sorted(complaints)}")
        last = texts["end"]
        for stage in STAGES:
            assert f'ctforge_stage_state{{run="a \\"night\\" run",stage="{stage}",state="done"}} 1' in last, last
        # node_exporter orders labels by name and formats numbers its own way.
        served = serve(folder)
        names = [sorted({line.split("{")[0] for line in samples_of(text)}) for text in (last, served)]
        counts = [len(samples_of(text)) for text in (last, served)]
        error = [line for line in served.splitlines() if line.startswith("node_textfile_scrape_error")]
        print(f"node_exporter: {counts[1]} samples of {counts[0]}, {len(names[1])} families, {error}")
        assert counts[0] == counts[1] and names[0] == names[1] and error == ["node_textfile_scrape_error 0"]
        print("\n".join(names[0]))


if __name__ == "__main__":
    main()
