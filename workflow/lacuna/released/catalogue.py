"""Which weights were released, by whom, for what, and which of them can be fetched and verified.

The facts are those of the authors' pages and of the systems' code, in November 2026. A SHA-256 is here only where the
host of the file states it (the record of Git LFS that a version of a file on huggingface.co has); what nobody states
is not guessed. None of the files was read when this was written: that their names of tensors fit is known from the
authors' code.
"""

from dataclasses import dataclass, field

from lacuna.errors import LacunaError
from lacuna.registry import suggest

PREFIX = "catalogue:"  # before a name, wherever a file of weights is asked for
HOST = "https://huggingface.co/"


@dataclass(frozen=True)
class Released:
    """One file of weights.

    system: which it belongs to. data: what it was trained on. licence: as its origin states it; of the code, where
    nothing is said of weights. origin: the page that offers it to people. file: its name there, where that is known.
    urls: addresses of the file itself, tried in order; none: only people get it. sha256: of that file, as its host
    states it; empty: nobody states it. megabytes: millions of bytes, as its host states them; 0: not stated. member:
    the weights' name in the file, if that is a ZIP archive. settings: of the system, where they are not the default.
    note: what else should be known, a sentence without a full stop.
    """

    name: str
    system: str
    data: str
    licence: str
    origin: str
    file: str = ""
    urls: tuple[str, ...] = ()
    sha256: str = ""
    megabytes: float = 0.0
    member: str = ""
    settings: dict = field(default_factory=dict)
    note: str = ""

    @property
    def fetched(self) -> bool:
        """Whether a program can fetch it and know that it is the right one."""
        return bool(self.urls and self.sha256)

    @property
    def stored(self) -> str:
        """Where it lies below the folder of weights."""
        return f"{self.name}.{(self.member or self.file or '.pth').rpartition('.')[2]}"


_DRIVE = "https://drive.google.com/"
_APACHE, _MIT = "Apache-2.0", "MIT"
_MAT = "CC BY-NC 4.0; for research only"
_TFILL = "MIT; for educational and academic research only"
_PARTS = "its parts are files of their own, which docs/use.md makes one"
_PROGRAM = "a pickle that holds programs and is not read here: docs/use.md says what is"
_LAMA = "https://github.com/advimman/lama"
_ONE_DRIVE = "https://github.com/fenglinglwb/MAT"


def _tfill(data: str, title: str, folder: str) -> Released:
    origin = f"{_DRIVE}drive/folders/{folder}"
    return Released(f"tfill/{data}", "tfill", title, _TFILL, origin, "latest_net_E.pth", note=_PARTS)


def _madf(data: str, title: str, number: str) -> Released:
    note = "trained at 512 pixels"
    return Released(f"madf/{data}", "madf", title, "GPL-3.0", f"{_DRIVE}open?id={number}", note=note)


def _deepfill(data: str, title: str, number: str, file: str = "") -> Released:
    return Released(
        f"deepfillv2/{data}",
        "deepfillv2",
        title,
        "none stated (the PyTorch port)",
        f"{_DRIVE}uc?id={number}",
        file,
        settings={"form": "tensorflow"},
        note="the authors' TensorFlow weights, converted by the author of the PyTorch port",
    )


def _migan(data: str, title: str, file: str, resolution: int) -> Released:
    return Released(
        f"migan/{data}",
        "migan",
        title,
        "MIT (LICENSE-WEIGHTS)",
        f"{_DRIVE}drive/folders/1xNtvN2lto0p5yFKOEEg9RioMjGrYM74w",
        file,
        settings={"resolution": resolution} if resolution != 256 else {},
    )


def _mat(data: str, title: str, file: str = "") -> Released:
    settings = {} if "256" in data else {"resolution": 512}
    return Released(f"mat/{data}", "mat", title, _MAT, _ONE_DRIVE, file, settings=settings, note=_PROGRAM)


RELEASED = {
    each.name: each
    for each in (
        Released(
            "aotgan/celebahq",
            "aotgan",
            "CelebA-HQ",
            _APACHE,
            f"{HOST}NimaBoscarino/aot-gan-celebahq",
            "pytorch_model.bin",
            (
                f"{HOST}NimaBoscarino/aot-gan-celebahq/resolve/1672ed47890d60d1f481b155f6df4bd79d45a042/pytorch_model.bin",
            ),
            "5362f8fee4e22fc9ce0536a81394b71967348be7d9ddf150301ec118df4478cf",
            60.8,
            note="a copy of the authors' (Google Drive), saved anew by a third party",
        ),
        Released(
            "aotgan/places2",
            "aotgan",
            "Places2",
            _APACHE,
            f"{HOST}NimaBoscarino/aot-gan-places2",
            "pytorch_model.bin",
            (
                f"{HOST}NimaBoscarino/aot-gan-places2/resolve/71418bf3cbfcb1712bf27e06bddea0677b65aaec/pytorch_model.bin",
            ),
            "bccbee30d45e8682abfa803f2c7b1268a637d5b9d7f5fb0048765ffd542e8843",
            60.8,
            note="a copy of the authors' (Google Drive), saved anew by a third party",
        ),
        _deepfill("places2", "Places2", "1tvdQRmkphJK7FYveNAKSMWC6K09hJoyt", "states_tf_places2.pth"),
        _deepfill("celebahq", "CelebA-HQ", "1fTQVSKWwWcKYnmeemxKWImhVtFQpESmm"),
        Released(
            "lama/places2",
            "lama",
            "Places Challenge (Big LaMa)",
            _APACHE,
            _LAMA,
            "big-lama.zip",
            (f"{HOST}smartywu/big-lama/resolve/05cb2be7f8dbe6ca7c6e78f4fc827a4b2baaa4a9/big-lama.zip",),
            "f1b358ca24093b93a106183b98a3dea6e8ed09f3b43ea7251eb2c81e7b4575f6",
            381.0,
            member="big-lama/models/best.ckpt",
            settings={"blocks": 18},
            note="a copy of the authors' archive (Yandex Disk)",
        ),
        Released(
            "lama/celebahq",
            "lama",
            "CelebA-HQ and Places2",
            _APACHE,
            "https://disk.yandex.ru/d/EgqaSnLohjuzAg",
            "lama-models.zip",
            note="one archive of all models of the paper; name the checkpoint that is wanted",
        ),
        _madf("places2", "Places2", "10iXhPEiOiNzTbM-Yc1GRy2-D9Xjmd1cI"),
        _madf("celeba", "CelebA", "1Jay0Ockr2iEW2FPHeFMkgczBLF_ZQaSy"),
        _madf("psv", "Paris StreetView", "1cmrj_zod5eCsMavLVC4BGr9KavHXizkw"),
        Released(
            "mat/places2",
            "mat",
            "Places2, 8 million photographs",
            _MAT,
            _ONE_DRIVE,
            "Places_512_FullData_G.pth",
            (
                "https://github.com/Sanster/models/releases/download/add_mat/Places_512_FullData_G.pth",
                f"{HOST}fofr/comfyui/resolve/d1a42a39b0ba2bcce38bd9fb8cafcb91e22bca6f/inpaint/Places_512_FullData_G.pth",
            ),
            "0512e37ebba3986b0355130b2e2c1f95736d0778ac82e91b1212b4b21c231312",
            251.0,
            settings={"resolution": 512},
            note="the authors' averaged generator (a pickle on OneDrive), saved as tensors by IOPaint's author",
        ),
        _mat("celebahq-512", "CelebA-HQ", "CelebA-HQ_512.pkl"),
        _mat("celebahq-256", "CelebA-HQ (trained again)"),
        _mat("ffhq-512", "FFHQ"),
        _migan("places2-512", "Places2", "migan_512_places2.pt", 512),
        _migan("places2-256", "Places2", "migan_256_places2.pt", 256),
        _migan("ffhq-256", "FFHQ", "migan_256_ffhq.pt", 256),
        Released(
            "migan/places2-512-onnx",
            "migan",
            "Places2",
            "MIT (LICENSE-WEIGHTS)",
            f"{HOST}andraniksargsyan/migan",
            "migan.onnx",
            (f"{HOST}andraniksargsyan/migan/resolve/b5fe990a75967292c4271b439ab50ae75ea4c758/migan.onnx",),
            "593eba0b7e04730f1b61c0a3cbca68d97d8d6a7ff5c6a44a7b9d7fcd880fc5ae",
            29.5,
            note="the author's graph for ONNX Runtime, which is tried before it fills anything",
        ),
        _tfill("celebahq", "CelebA-HQ", "1ntbVDjJ7-nAt4nLGuu7RNi3QpLfh40gk"),
        _tfill("ffhq", "FFHQ", "1xuAsShrw9wI5Be0sQka3vZEsfwnq0pPT"),
        _tfill("imagenet", "ImageNet", "1B4RswBUD6_jXAu3MVz3LtuNfoV4wTmGf"),
        _tfill("places2", "Places2", "154ikacQ8A2JLC8iIGda8jiZN-ysL1xh5"),
    )
}


def released(name: str) -> Released:
    """The catalogue's entry, with or without the prefix; a `LacunaError` if there is none of that name."""
    short = name.removeprefix(PREFIX)
    if short not in RELEASED:
        raise LacunaError(f"there are no released weights '{short[:100]}': {suggest(short, RELEASED)}")
    return RELEASED[short]
