"""Stands in for torchvision where none fits the installed torch: what torch-fidelity, clean-fid and pytorch-fid import of
it and, of that, use here. Importing this module puts it in place unless the real one is there.
"""
import importlib.util
import sys
import types
from unittest import mock

import numpy as np
import torch


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


def pil_to_tensor(image):
    array = np.asarray(image)
    array = array[:, :, None] if array.ndim == 2 else array
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))


class ToTensor:
    def __call__(self, image):
        tensor = pil_to_tensor(image)
        return tensor.float().div(255) if tensor.dtype == torch.uint8 else tensor


def install():
    if importlib.util.find_spec("torchvision") is not None:
        return
    names = ["torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.datasets",
             "torchvision.models", "torchvision.models.inception", "torchvision.models.utils"]
    modules = {name: types.ModuleType(name) for name in names}
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    modules["torchvision"].__version__ = "0.0"
    modules["torchvision.transforms"].Compose = Compose
    modules["torchvision.transforms"].ToTensor = ToTensor
    modules["torchvision.transforms.functional"].pil_to_tensor = pil_to_tensor
    for name in ("Resize", "CenterCrop", "Normalize", "InterpolationMode"):
        setattr(modules["torchvision.transforms"], name, mock.MagicMock)
    for name in ("CIFAR10", "CIFAR100", "STL10"):
        setattr(modules["torchvision.datasets"], name, type(name, (), {}))
    for name in ("InceptionA", "InceptionC", "InceptionE"):
        setattr(modules["torchvision.models.inception"], name, type(name, (torch.nn.Module,), {}))
    modules["torchvision.models.utils"].load_state_dict_from_url = mock.MagicMock
    sys.modules.update(modules)


install()
