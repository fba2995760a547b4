"""How fast images are scored here, beside the usual way: a loop over pairs with scikit-image and the lpips package."""

import time
import warnings
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from lacuna.errors import LacunaError
from lacuna.memory import peak_memory_of_process
from lacuna.metrics.scoring import PREDICTIONS, score_rows

METRICS = ("psnr", "ssim", "lpips_alex")
ALLOWED = {"psnr": 1e-6, "ssim": 1e-6, "lpips_alex": 1e-5}
"""By how much a value may differ from the usual way's."""

_PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png")


def make_pictures(folder: Path, number: int, size: int) -> list[tuple[str, str, str]]:
    """(image, mask, raw prediction) files of `size`×`size` crops of scikit-image's photographs, as PNG.

    Masks are rectangles of 5 to 40 % and predictions the blurred, noisy photograph; beside each prediction its
    composite is written, which the usual way reads from disk.
    """
    photographs = []
    for name in _PHOTOGRAPHS:
        with Image.open(str(files("skimage") / "data" / name)) as opened:
            photographs.append(opened.convert("RGB"))
    written = []
    for i in range(number):
        random = np.random.default_rng(i)
        photograph = photographs[i % len(photographs)]
        side = int(random.uniform(0.4, 1.0) * min(photograph.size))
        left, top = (int(random.integers(0, length - side + 1)) for length in photograph.size)
        truth = photograph.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
        mask = np.zeros((size, size), np.uint8)
        height, width = (int(part * size) for part in random.uniform(0.23, 0.63, 2))
        top, left = (int(random.integers(0, size - length)) for length in (height, width))
        mask[top : top + height, left : left + width] = 255
        blurred = np.asarray(truth.filter(ImageFilter.GaussianBlur(size / 64)), np.int16)
        raw = np.clip(blurred + random.integers(-12, 13, blurred.shape), 0, 255).astype(np.uint8)
        composite = np.where(mask[..., None] == 255, raw, np.asarray(truth))
        paths = [folder / f"{i:04d}_{kind}.png" for kind in ("image", "mask", "raw", "composite")]
        for path, picture in zip(paths, (np.asarray(truth), mask, raw, composite), strict=True):
            Image.fromarray(picture).save(path, compress_level=3)
        written.append((str(paths[0]), str(paths[1]), str(paths[2])))
    return written


def official_lpips(net: str, backbones: str | Path):
    """The authors' package with its own linear layers and the verified trunk, which it would download."""
    import lpips
    import torch

    from lacuna.backbones.reading import load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it calls torchvision in an outdated way
        package = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    weights = load(f"lpips_{net}", backbones)  # the package's `slice2.3.bias` is `features.3.bias` there
    package.net.load_state_dict(
        {key: torch.from_numpy(weights[f"features.{key.partition('.')[2]}"]) for key in package.net.state_dict()}
    )
    return package.eval()


def usual_way(pictures, package) -> Iterator[tuple[str, str, str, float]]:
    """(image, prediction, metric, value), pair by pair: open both, PSNR, SSIM, LPIPS."""
    import torch
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    device = next(package.parameters()).device

    def tensor(pixels):
        return torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1

    for image, _, raw in pictures:
        for prediction, path in zip(PREDICTIONS, (raw, raw.replace("_raw", "_composite")), strict=True):
            a, b = (np.array(Image.open(file).convert("RGB")) for file in (image, path))
            yield image, prediction, "psnr", peak_signal_noise_ratio(a, b)
            yield image, prediction, "ssim", structural_similarity(a, b, channel_axis=-1)
            with torch.no_grad():
                yield image, prediction, "lpips_alex", package(tensor(a), tensor(b)).item()


def compare(
    folder: Path, backbones: str | Path, images: int, size: int, threads: int, repeats: int, device: str = "cpu"
) -> dict:
    """Seconds of both ways for raw and composite of `images` pictures, their ratio, and the largest differences.

    Both read files; networks are loaded and one picture is scored before the clock starts; both may use `threads`
    threads (the usual way in torch alone); the ways take turns and the shortest of `repeats` turns counts. Ours gives
    the regions too. device: `cpu` or `cuda`, of LPIPS both ways. Raises `LacunaError` where a value differs by more
    than `ALLOWED`.
    """
    import torch

    from lacuna.nn.devices import named_device

    chosen = named_device(device)
    torch.backends.cudnn.allow_tf32 = False  # which values show
    pictures = make_pictures(folder, images, size)
    settings = {"system": "bench", "source": "bench", "test_set": "bench", "metrics": list(METRICS)}

    def ours(some) -> list[dict]:
        return list(score_rows(settings, some, backbones, threads, device=str(chosen)))

    ours(pictures[:1])
    seconds: dict[str, list[float]] = {"ours": [], "usual": []}
    rows, seconds_now = _timed(lambda: ours(pictures))
    seconds["ours"].append(seconds_now)
    peak = peak_memory_of_process() / 2**20  # before the packages of the usual way are loaded
    package = official_lpips("alex", backbones).to(chosen)
    torch.set_num_threads(threads)
    list(usual_way(pictures[:1], package))
    for turn in range(repeats):
        if turn:
            seconds["ours"].append(_timed(lambda: ours(pictures))[1])
        torch.set_num_threads(threads)
        expected, seconds_now = _timed(lambda: list(usual_way(pictures, package)))
        seconds["usual"].append(seconds_now)
    found = {(r["image"], r["prediction"], r["metric"]): r["value"] for r in rows if r["region"] == "image"}
    differences = dict.fromkeys(METRICS, 0.0)
    for *key, value in expected:
        differences[key[2]] = max(differences[key[2]], abs(found[tuple(key)] - value))
    for name, difference in differences.items():
        if not difference <= ALLOWED[name]:
            raise LacunaError(f"{name} differs by {difference:.2g} from the usual way, more than {ALLOWED[name]:.0e}")
    ours_least, usual_least = min(seconds["ours"]), min(seconds["usual"])
    return {
        "images": images,
        "size": size,
        "pairs": 2 * images,
        "threads": threads,
        "repeats": repeats,
        "device": chosen.type,
        "seconds": ours_least,
        "usual_seconds": usual_least,
        "ratio": usual_least / ours_least,
        "largest_differences": differences,
        "peak_memory_mib": peak,
    }


def _timed(work) -> tuple[list, float]:
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began
