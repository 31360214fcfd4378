"""Makes the reference values of the network tests: tiny seeded UNet2DModel and AutoencoderKL of diffusers with an input
and the output that diffusers computes, each as one safetensors file nets_*.safetensors whose metadata hold config.json;
nets_legacy.pth, a small file in the legacy format of torch.save;
and nets_lite0.json, logits and features of EfficientNet-Lite0 by an independent PyTorch module (torch only).

Usage: python make_nets_reference.py [efficientnet-lite0-57934424.pth]     (needs torch, diffusers, safetensors)
"""
import json
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, UNet2DModel
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent


def blocks(attention, up):
    names = [("Attn" if a else "") + ("UpBlock2D" if up else "DownBlock2D") for a in attention]
    return tuple(reversed(names)) if up else tuple(names)


def unet(channels, attention, **more):
    options = dict(sample_size=8, in_channels=3, out_channels=2, block_out_channels=channels, layers_per_block=1,
                   down_block_types=blocks(attention, False), up_block_types=blocks(attention, True),
                   norm_num_groups=4, attention_head_dim=8)
    return UNet2DModel(**(options | more))


def randomise(model):
    """Values that show every parameter: a fresh GroupNorm has ones and zeros, which hide a swap. All are rounded to
    bfloat16, in which they are stored to keep the files small."""
    for name, p in model.named_parameters():
        if "norm" in name:
            p.data += 0.2 * torch.randn_like(p)
        p.data = p.data.bfloat16().float()
    return model.eval().requires_grad_(False)


def save(name, model, tensors):
    config = {k: v for k, v in model.config.items()}
    config["_class_name"] = type(model).__name__
    tensors = {k: v.contiguous() for k, v in tensors.items()}
    tensors |= {"weights." + k: v.bfloat16().contiguous() for k, v in model.state_dict().items()}
    path = HERE / f"nets_{name}.safetensors"
    save_file(tensors, path, metadata={"config": json.dumps(config)})
    print(path.name, path.stat().st_size, "bytes")


def formula(shape, index):
    """Values that a C++ test can make too (tests/models/nets/reference.h), for the tensor of this index among the sorted
    names: networks too large for a file."""
    i = torch.arange(shape.numel())
    u = ((31 * i * i + 977 * i + 7919 * index + 12345) % 65536).double() / 65536 - 0.5
    if len(shape) > 1:
        return (u * (12 / shape[1:].numel()) ** 0.5).float().reshape(shape)
    return (0.4 * u).float()


def formulate(model):
    for index, (name, tensor) in enumerate(sorted(model.state_dict().items())):
        tensor.copy_(formula(tensor.shape, index) + (tensor.dim() == 1 and name.endswith("weight")))
    return model.eval().requires_grad_(False)


def save_formulated(name, model, tensors):
    """Without weights; their names are in the metadata."""
    config = dict(model.config) | {"_class_name": type(model).__name__}
    path = HERE / f"nets_{name}.safetensors"
    save_file({k: v.contiguous() for k, v in tensors.items()}, path,
              metadata={"config": json.dumps(config), "names": json.dumps(sorted(model.state_dict()))})
    print(path.name, path.stat().st_size, "bytes")


def make_more_unets():
    """What UNet2DModel offers besides, one of everything."""
    cases = {
        "unet_film_fourier": dict(
            block_out_channels=(8, 16), down_block_types=("AttnDownBlock2D", "ResnetDownsampleBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"), downsample_type="resnet", upsample_type="resnet",
            resnet_time_scale_shift="scale_shift", time_embedding_type="fourier", time_embedding_dim=24,
            center_input_sample=True, act_fn="mish", class_embed_type="timestep", mid_block_scale_factor=2),
        "unet_learned": dict(
            block_out_channels=(8, 16), down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("ResnetUpsampleBlock2D", "AttnUpBlock2D"), mid_block_type=None, layers_per_block=2,
            time_embedding_type="learned", num_train_timesteps=1000, act_fn="relu", attention_head_dim=None,
            downsample_padding=0),
        "unet_identity": dict(
            block_out_channels=(8, 12), down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
            resnet_time_scale_shift="scale_shift", attn_norm_num_groups=2, act_fn="gelu", class_embed_type="identity",
            num_class_embeds=7, freq_shift=0.5),
        "unet_skip": dict(
            block_out_channels=(8, 16, 16), down_block_types=("SkipDownBlock2D", "SkipDownBlock2D", "DownBlock2D"),
            up_block_types=("AttnUpBlock2D", "SkipUpBlock2D", "SkipUpBlock2D"), add_attention=False),
        "unet_attention_skip": dict(
            block_out_channels=(32, 64), down_block_types=("AttnSkipDownBlock2D",) * 2,
            up_block_types=("AttnSkipUpBlock2D",) * 2, norm_num_groups=None, attention_head_dim=None,
            resnet_time_scale_shift="scale_shift", mid_block_scale_factor=2 ** 0.5),
        "unet_k": dict(
            block_out_channels=(32, 64), down_block_types=("KDownBlock2D",) * 2, up_block_types=("KUpBlock2D",) * 2,
            act_fn="gelu", layers_per_block=2),
        "unet_k_attention": dict(
            block_out_channels=(32, 64, 64), time_embedding_dim=64,
            down_block_types=("KDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D"),
            up_block_types=("KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KUpBlock2D")),
    }
    for seed, (name, options) in enumerate(cases.items()):
        torch.manual_seed(50 + seed)
        common = dict(sample_size=(8, 12), in_channels=3, out_channels=3, layers_per_block=1, norm_num_groups=4,
                      attention_head_dim=8)
        model = formulate(UNet2DModel(**(common | options)))
        learned = options.get("time_embedding_type") == "learned"
        given = {"x": torch.randn(2, 3, 8, 12), "c_noise": torch.tensor([3, 517] if learned else [0.37, 517.25])}
        labels = {"timestep": torch.tensor([0.5, 20]), "identity": torch.randn(2, 32)}
        if options.get("class_embed_type"):
            given["labels"] = labels[options["class_embed_type"]]
        y = model(given["x"], given["c_noise"], given.get("labels")).sample
        save_formulated(name, model, given | {"y": y})


def make_unets():
    cases = {
        # two levels, one with attention, classes
        "unet_classes": (dict(channels=(8, 16), attention=(False, True), num_class_embeds=3), [0, 2]),
        # three levels, attention in the middle only, the other padding and embedding
        "unet_padding": (dict(channels=(8, 8, 16), attention=(False, True, False), downsample_padding=0,
                              flip_sin_to_cos=False, freq_shift=1), None),
        # two blocks a level, several heads, channels that need shortcuts both ways, another epsilon
        "unet_shortcuts": (dict(channels=(16, 8), attention=(True, False), layers_per_block=2, norm_eps=1e-3,
                                norm_num_groups=2, attention_head_dim=4), None),
        # more channels than heads fill: 12 = one head of 8
        "unet_uneven": (dict(channels=(12,), attention=(True,)), None),
    }
    for seed, (name, (options, labels)) in enumerate(cases.items()):
        torch.manual_seed(seed)
        model = randomise(unet(**options))
        x, c_noise = torch.randn(2, 3, 8, 12), torch.tensor([0.37, 517.25])
        given = {} if labels is None else {"labels": torch.tensor(labels)}
        y = model(x, c_noise, given.get("labels")).sample
        save(name, model, {"x": x, "c_noise": c_noise, "y": y} | given)


def make_autoencoders():
    cases = {
        "vae_three_levels": dict(block_out_channels=(8, 8, 16), layers_per_block=1),
        "vae_plain": dict(block_out_channels=(8, 16), layers_per_block=2, mid_block_add_attention=False,
                          use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.25),
    }
    for seed, (name, options) in enumerate(cases.items()):
        torch.manual_seed(100 + seed)
        levels = len(options["block_out_channels"])
        model = randomise(AutoencoderKL(
            in_channels=4, out_channels=5, latent_channels=3, norm_num_groups=4, sample_size=16, scaling_factor=0.7,
            down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels, **options))
        x, z = torch.randn(2, 4, 16, 8), torch.randn(2, 3, 4, 4)
        posterior = model.encode(x).latent_dist
        save(name, model, {"x": x, "mean": posterior.mean, "logvar": posterior.logvar, "kl": posterior.kl(),
                           "z": z, "y": model.decode(z).sample})


def make_more_autoencoders():
    torch.manual_seed(110)
    model = formulate(AutoencoderKL(
        in_channels=4, out_channels=5, latent_channels=3, norm_num_groups=4, sample_size=(16, 8), block_out_channels=(8, 12),
        down_block_types=("AttnDownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "AttnUpDecoderBlock2D"), act_fn="gelu"))
    x, z = torch.randn(2, 4, 16, 8), torch.randn(2, 3, 4, 4)
    posterior = model.encode(x).latent_dist
    save_formulated("vae_attention", model,
                    {"x": x, "mean": posterior.mean, "logvar": posterior.logvar, "kl": posterior.kl(), "z": z,
                     "y": model.decode(z).sample})


class Lite0(torch.nn.Module):
    """EfficientNet-Lite0 from the paper's table with the weight file's names."""

    class Block(torch.nn.Module):
        def __init__(self, i, o, e, k, s):
            super().__init__()
            conv = lambda a, b, k, s, g: torch.nn.Conv2d(a, b, k, s, groups=g, bias=False)
            norm = lambda c: torch.nn.BatchNorm2d(c, eps=1e-3)
            m = i * e
            if e > 1:
                self._expand_conv, self._bn0 = conv(i, m, 1, 1, 1), norm(m)
            self._depthwise_conv, self._bn1 = conv(m, m, k, s, m), norm(m)
            self._project_conv, self._bn2 = conv(m, o, 1, 1, 1), norm(o)
            self.skip = s == 1 and i == o

        def forward(self, x):
            h = x
            if hasattr(self, "_expand_conv"):
                h = torch.nn.functional.relu6(self._bn0(self._expand_conv(h)))
            h = torch.nn.functional.relu6(self._bn1(self._depthwise_conv(same(h, self._depthwise_conv))))
            h = self._bn2(self._project_conv(h))
            return h + x if self.skip else h

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = torch.nn.Conv2d(3, 32, 3, 2, bias=False), torch.nn.BatchNorm2d(32, eps=1e-3)
        stages = [(1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80),
                  (3, 5, 1, 6, 80, 112), (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320)]
        self._blocks = torch.nn.ModuleList(
            self.Block(i if j == 0 else o, o, e, k, s if j == 0 else 1) for r, k, s, e, i, o in stages for j in range(r))
        self._conv_head, self._bn1 = torch.nn.Conv2d(320, 1280, 1, bias=False), torch.nn.BatchNorm2d(1280, eps=1e-3)
        self._fc = torch.nn.Linear(1280, 1000)

    def features(self, x):
        h = torch.nn.functional.relu6(self._bn0(self._conv_stem(same((x - 127) / 128, self._conv_stem))))
        for block in self._blocks:
            h = block(h)
        return torch.nn.functional.relu6(self._bn1(self._conv_head(h))).mean((2, 3))


def same(x, conv):
    k, s = conv.kernel_size[0], conv.stride[0]
    pad = [max((-(-n // s) - 1) * s + k - n, 0) for n in x.shape[2:]]
    return torch.nn.functional.pad(x, (pad[1] // 2, pad[1] - pad[1] // 2, pad[0] // 2, pad[0] - pad[0] // 2))


def lite0_input():
    """[1,3,224,224]: integers a C++ test can make too."""
    c, y, x = torch.meshgrid(torch.arange(3), torch.arange(224), torch.arange(224), indexing="ij")
    return ((x * (c + 1) + 3 * y + (x * y) // 16) % 256).float()[None]


def load_lite0(path):
    net = Lite0().eval()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net


def make_lite0(path):
    net = load_lite0(path)
    with torch.no_grad():
        features = net.features(lite0_input())[0]
        logits = net._fc(features[None])[0]
    values = {"features": {str(i): round(features[i].item(), 7) for i in range(0, 1280, 37)},
              "features_sum": features.double().sum().item(),
              "logits": {str(i): round(logits[i].item(), 7) for i in range(0, 1000, 29)},
              "best": int(logits.argmax())}
    (HERE / "nets_lite0.json").write_text(json.dumps(values, indent=1) + "\n")


def make_legacy():
    a = torch.arange(6.0).reshape(2, 3).t()
    state = {"a": a, "b": torch.as_strided(a, (2,), (1,), 2), "n": torch.tensor(7)}  # b shares a's storage
    torch.save(state, HERE / "nets_legacy.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    make_legacy()
    make_unets()
    make_more_unets()
    make_autoencoders()
    make_more_autoencoders()
    if len(sys.argv) > 1:
        make_lite0(sys.argv[1])
