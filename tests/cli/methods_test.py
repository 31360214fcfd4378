"""Commands that build on a trained generator: exchange with diffusers, raw samples, reflow, consistency, sweeps."""

import json
import struct
import unittest

import program


def write_safetensors(path, tensors):
    """tensors: {name: (dtype, shape, bytes)}."""
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


class MethodsTest(program.ProgramTest):
    def trained(self, *settings):
        out = self.folder / "run"
        for stage in ("phantom", "prepare", "train"):
            self.done(stage, out, *settings)
        return out

    def prepared(self, name):
        """Another run of the same data."""
        out = self.folder / name
        for stage in ("phantom", "prepare"):
            self.done(stage, out)
        return out

    def test_a_generator_comes_back_from_the_folders_it_was_written_to(self):
        out = self.trained()
        exported, again = self.folder / "exported", self.folder / "again"
        self.expect(0, program.run(["export", "--out", str(out), "--to", str(exported)]))
        self.expect(0, program.run(["import", "--from", str(exported), "--out", str(again)]))
        self.done("sample", out, "sample.seed=3")
        self.done("sample", again, "sample.seed=3")
        shard = "samples/synthetic-00000.safetensors"
        self.assertEqual(program.read_safetensors(out / shard)[1], program.read_safetensors(again / shard)[1])
        self.assertEqual(program.run(["import", "--from", str(exported), "--out", str(again)]).returncode, 2)
        self.assertEqual(program.run(["export", "--out", str(out), "--to", str(exported), "--ema", "7"]).returncode, 2)
        self.assertEqual(program.run(["export", "--out", str(self.folder / "no"), "--to", str(exported)]).returncode, 3)

        # The same folder, sampled raw.
        values = struct.pack("<" + "f" * (2 * 2 * 16 * 16), *([0.5, -0.5] * (2 * 16 * 16)))
        noise = self.folder / "noise.safetensors"
        write_safetensors(noise, {"noise": ("F32", [2, 2, 16, 16], values),
                                  "labels": ("I64", [2], struct.pack("<qq", 0, 1))})
        raw = self.folder / "raw"
        arguments = ["--checkpoint", str(exported), "--noise", str(noise)]
        self.expect(0, program.run(program.command("sample", raw) + arguments))
        _, tensors = program.read_safetensors(raw / "samples/raw.safetensors")
        self.assertEqual(tensors["sample"][:2], ("F32", (2, 2, 16, 16)))
        self.assertEqual(program.run(program.command("sample", raw) + arguments[:2]).returncode, 2)

    def test_reflow_and_consistency_begin_with_a_run(self):
        flow = self.trained("train.method=rectified_flow")
        self.done("sample", flow, "sample.pairs=true", "sample.guidance=1", "sample.count=24")
        self.assertIn("straightness", program.read_json(flow / "samples/samples.json"))
        reflow = self.prepared("reflow")
        self.done("train", reflow, "train.method=rectified_flow", f"train.from={flow}", f"train.pairs={flow}/samples",
                  "train.times=u_shaped")
        quick = self.prepared("quick")
        self.done("train", quick, "train.method=consistency", f"train.from={flow}", "train.from_weights=false",
                  "train.consistency.distil=true")
        self.done("sample", quick, "sample.sampler=consistency", "sample.steps=1", "sample.guidance=1")
        # Where they came from is told by hashes, not by paths.
        for out in (reflow, quick):
            for path in out.rglob("*"):
                if path.is_file():
                    self.assertNotIn(str(flow).encode(), path.read_bytes(), path)
        result = program.run(program.command("sample", quick, "sample.steps=2"))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("sample.sampler", result.stderr)

    def test_a_sweep_runs_every_combination_once(self):
        out = self.folder / "sweep"
        grid = ("sweep.grid=['sample.steps=2|3']", "run.stages=[phantom, prepare, train, sample]")
        self.done("sweep", out, *grid)
        table = program.read_json(out / "sweep.json")
        self.assertEqual([row["settings"]["sample.steps"] for row in table["rows"]], ["2", "3"])
        checkpoints = {path.stat().st_ino for path in out.glob("cells/*/checkpoints/generator-*12.safetensors")}
        self.assertEqual(len(checkpoints), 1, "both cells have the one training")
        before = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/samples/*")}
        learned = self.folder / "learned"
        self.done("sweep", learned, "sweep.grid=['train.learning_rate=1e-4|1e-3']",
                  "run.stages=[phantom, prepare, train]")
        cells = list(learned.glob("cells/*"))
        newest = {program.newest(cell / "checkpoints", "autoencoder").stat().st_ino for cell in cells}
        self.assertEqual((len(cells), len(newest)), (2, 1), "both cells have the one autoencoder")
        for cell in cells:
            phases = [json.loads(line)["phase"] for line in (cell / "metrics.jsonl").read_text().splitlines()]
            self.assertIn("autoencoder", phases)
        self.done("sweep", out, *grid)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in out.glob("cells/*/samples/*")})


if __name__ == "__main__":
    unittest.main()
