"""Writes the small TorchScript modules that the tests of eval/features.cpp load (a few kB each, in tests/oracle/).

mean_pool.pt   x [n,3,H,W] -> the mean and the largest value of each channel, [n,6]
inception_like.pt  a module with a `layers` submodule of 2048 outputs, as inception-2015-12-05.pt has: [n,2048] of
               repeated channel means; its own forward() refuses, so that a test notices when `layers` is not used
bad_shape.pt   yields an image, not features
"""
from pathlib import Path

import torch
from torch import Tensor, nn


class MeanPool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


class Layers(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[2] == 299 and x.shape[3] == 299
        return x.mean((1, 2, 3)).unsqueeze(1).expand(-1, 2048).unsqueeze(-1).unsqueeze(-1)


class InceptionLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = Layers()

    def forward(self, x: Tensor) -> Tensor:
        assert x.numel() < 0
        return self.layers(x)


class BadShape(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


if __name__ == "__main__":
    folder = Path(__file__).parent
    for name, module in [("mean_pool", MeanPool()), ("inception_like", InceptionLike()), ("bad_shape", BadShape())]:
        torch.jit.script(module).save(str(folder / f"{name}.pt"))
