"""Sanity of the EfficientNet-Lite0 weights and preprocessing on photographs: scikit-image's cat is a cat, its coffee an
espresso. The module is that of tests/oracle/make_nets_reference.py, with which the C++ test compares its own.

Usage: python nets_lite0_photos.py efficientnet-lite0-57934424.pth       (needs torch, diffusers, scikit-image)
"""
import pathlib
import sys

import torch
from skimage import data

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
from make_nets_reference import load_lite0  # noqa: E402


@torch.no_grad()
def main(path):
    net = load_lite0(path)
    for name, image, wanted in [("cat", data.chelsea(), range(281, 286)), ("coffee", data.coffee(), [967])]:
        side = min(image.shape[:2])
        top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
        x = torch.from_numpy(image[top:top + side, left:left + side].copy()).permute(2, 0, 1)[None].float()
        x = torch.nn.functional.interpolate(x, (224, 224), mode="bilinear", antialias=True)
        p = net._fc(net.features(x))[0].softmax(0)
        print(f"{name}: class {p.argmax().item()} with probability {p.max().item():.3f}")
        assert p.argmax().item() in wanted


if __name__ == "__main__":
    main(sys.argv[1])
