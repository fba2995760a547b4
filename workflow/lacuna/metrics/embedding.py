"""Networks of the user's that turn a picture into numbers: a TorchScript or ONNX file, known by its hash.

Their weights are not published with Lacuna, and a file of one network is not another file of it: what a metric says is
named after the file's name in the config, never after a paper's network.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import sha256_of


class Embedding:
    """One such network. settings: `{path, sha256, size, mean, std}` and `patch`; label: its name in the config.

    size: (width, height) or one side of the pictures that it takes. mean, std: by channel, for pictures in [0, 1].
    patch: the side in pixels of what a token is about, for networks that answer tokens.
    Raises `LacunaError` for a file that is missing, another one than its hash says, or no network.
    """

    def __init__(self, label: str, settings: dict, device="cpu"):
        self.label, self.path, self.device = label, Path(settings["path"]), device
        size = settings["size"]
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.patch: int | None = settings.get("patch")
        self.mean, self.std = (np.array(settings[name], np.float32).reshape(3, 1, 1) for name in ("mean", "std"))
        if not self.path.is_file():
            raise LacunaError(f"backbones.{label} names {self.path}, which does not exist; correct it")
        found = sha256_of(self.path)
        if found != settings["sha256"]:
            raise LacunaError(
                f"{self.path} has the SHA-256 {found}, but backbones.{label} expects {settings['sha256']}; "
                "use the right file, or correct the hash"
            )
        self._run = self._graph() if self.path.suffix == ".onnx" else self._script()

    def _script(self):
        import torch

        try:
            # verified before it is loaded: TorchScript is a program
            network = torch.jit.load(self.path, map_location="cpu").eval().to(self.device)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise LacunaError(f"{self.path} cannot be read as TorchScript ({reason}); save it with torch.jit") from None

        def run(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                answer = network(torch.from_numpy(images).to(self.device))
            if not isinstance(answer, torch.Tensor):
                raise LacunaError(f"{self.path} does not answer one tensor; save a network that does")
            return answer.float().cpu().numpy()

        return run

    def _graph(self):
        from lacuna.export.session import open_session, run_session

        session = open_session(self.path)
        name = session.get_inputs()[0].name
        return lambda images: run_session(session, self.path, **{name: images})[0]

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """uint8 H×W×3 → float32 3×h×w as the network takes it: Pillow's bicubic filter, which does not alias."""
        resized = Image.fromarray(picture).resize(self.size, Image.Resampling.BICUBIC)
        pixels = np.asarray(resized, np.float32).transpose(2, 0, 1) / 255
        return (pixels - self.mean) / self.std

    def vectors(self, images: np.ndarray) -> np.ndarray:
        """Prepared pictures N×3×h×w → float32 N×D. A `LacunaError` for another answer, or one that is not finite."""
        return self._answer(images, ("N", "D"))

    def tokens(self, images: np.ndarray) -> np.ndarray:
        """Prepared pictures N×3×h×w → float32 N×T×D: T patches row by row, after tokens that are none."""
        return self._answer(images, ("N", "T", "D"))

    def _answer(self, images: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
        answer = np.asarray(self._run(np.ascontiguousarray(images, np.float32)))
        if answer.ndim != len(axes) or len(answer) != len(images):
            raise LacunaError(
                f"{self.path} answers {'×'.join(map(str, answer.shape))} for {len(images)} pictures, but the metric "
                f"takes {'×'.join(axes)}; save a network that gives that"
            )
        if not np.isfinite(answer).all():
            raise LacunaError(f"{self.path} answers numbers that are not finite; check its mean, std and size")
        return answer.astype(np.float32, copy=False)
