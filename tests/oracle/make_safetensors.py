"""Writes safetensors.json: a small file with every supported type as the safetensors library writes it, in hexadecimal.

Needs safetensors and torch (0.8.0 and 2.13 were used): python tests/oracle/make_safetensors.py
"""
import json
import pathlib

import torch
from safetensors.torch import save

TYPES = {
    "bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16, "u16": torch.uint16,
    "f16": torch.float16, "bf16": torch.bfloat16, "i32": torch.int32, "u32": torch.uint32, "f32": torch.float32,
    "f64": torch.float64, "i64": torch.int64, "u64": torch.uint64,
}

tensors = {f"t_{name}": torch.arange(3).to(dtype) for name, dtype in TYPES.items()}
tensors['b_\u00e9"\n\u0001\u007f'] = torch.zeros(0, 4)
tensors["scalar"] = torch.tensor(2.5)
tensors["hu"] = torch.tensor([[-1024, -1, 0], [40, 3071, -32768]], dtype=torch.int16)
reference = {"hex": save(tensors, {"format": "pt"}).hex()}
path = pathlib.Path(__file__).with_name("safetensors.json")
path.write_text(json.dumps(reference, indent=1) + "\n")
