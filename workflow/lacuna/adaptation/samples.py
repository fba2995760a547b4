"""Batches made of one picture: what a step of test-time training sees, and where its losses may look."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from lacuna.adaptation import augmentations, finetuning_masks, geometry
from lacuna.adaptation.augmentations import Augmentation
from lacuna.adaptation.experiments import Experiment
from lacuna.adaptation.fillers import Filler, OtherPhotographs
from lacuna.adaptation.unfit import UnfitPicture
from lacuna.data.compositing import composite

_TRIES = 20  # of augmentations that leave room for a finetuning mask
_MASKS, _FILL, _APPEARANCE, _TILES = range(4)  # independent streams of random numbers


@dataclass
class Batch:
    """float32; masks exactly 0 or 1.

    picture: B×3×H×W in [0, 1], the user's hole filled: input and truth alike. hole: F, B×1×H×W, 1 = to be completed.
    known: B×1×H×W, 1 where a loss may look: neither in the user's hole nor where an augmentation left empty pixels.
    user: U as it moved with the picture, B×1×H×W. F is within `known`, and no pixel of F has one of U beside it.
    """

    picture: Tensor
    hole: Tensor
    known: Tensor
    user: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """The same on another device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class Sampler:
    """Draws the batches of one picture.

    image: 3×H×W in [0, 1]; user_mask: 1×H×W, exactly 0 or 1, 1 = hole; pool: for fills from the training source, the
    pictures of other photographs (`Pool.without`). A batch depends on these, the seed and the step alone, and nowhere
    on what the image holds in the hole; several threads may draw batches ahead. Errors: an `UnfitPicture` where the
    hole leaves no room for a finetuning mask, a `LacunaError` where the fill lacks its pictures.
    """

    def __init__(
        self, image: Tensor, user_mask: Tensor, experiment: Experiment, seed: int, pool: OtherPhotographs | None = None
    ):
        if image.ndim != 3 or image.shape[0] != 3 or user_mask.shape != (1, *image.shape[1:]):
            raise ValueError(
                f"a picture is 3×H×W and its mask 1×H×W, not {tuple(image.shape)} and {tuple(user_mask.shape)}"
            )
        self.experiment, self.seed = experiment, seed
        self.user_mask = user_mask
        self.image = torch.where(user_mask > 0, 0, image)  # what lies under the hole, even NaN, goes no further
        self.user = user_mask[0].cpu().numpy() > 0.5
        self.shut = finetuning_masks.dilated(self.user, experiment.masks.dilation)
        self.fewest, self.most = finetuning_masks.pixel_limits(experiment.masks, self.user.shape)
        self.filler = Filler(experiment, self.image, user_mask, pool)
        self._samples(0)  # a picture without room is refused before anything is trained

    def batch(self, step: int, current_prediction: Tensor | None = None) -> Batch:
        """The batch of a step; current_prediction: 3×H×W (or 1×3×H×W), for the fill of that name alone."""
        like, numbers = self.image, range(self.experiment.batch_size)
        drawn, holes = zip(*self._samples(step), strict=True)
        fills = [self.filler.draw(self._rng(step, i, _FILL), current_prediction) for i in numbers]
        user = self.user_mask[None].expand(len(drawn), -1, -1, -1)
        picture = composite(torch.stack(fills).to(like), self.image, user)
        noise = [self._rng(step, i, _APPEARANCE) for i in numbers]
        picture = augmentations.appearance(picture, user, drawn, noise)

        sources = augmentations.sources_of(drawn, like.device)
        picture, user = geometry.moved(picture, sources), geometry.moved(user, sources)
        empty = (sources == geometry.EMPTY)[:, None].to(like)
        if self.experiment.augment.empty_pixels == "random":
            values = np.stack([rng.random(tuple(like.shape), dtype=np.float32) for rng in noise])
            picture = composite(torch.from_numpy(values).to(like), picture, empty)
        hole = torch.from_numpy(np.stack(holes)[:, None]).to(like)
        return Batch(picture, hole, (1 - user) * (1 - empty), user)

    # ------------------------------------------------------------------ masks

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *place])

    def _samples(self, step: int) -> list[tuple[Augmentation, np.ndarray]]:
        """For every sample of a step its augmentation and its F, bool H×W, in the augmented frame."""
        count, tiles = self.experiment.batch_size, None
        if self.experiment.masks.kind == "full_image":
            rng = self._rng(step, 0, _TILES)
            tiles = self._tiles(rng, count)
        return [self._sample(self._rng(step, i, _MASKS), None if tiles is None else tiles[i]) for i in range(count)]

    def _tiles(self, rng: np.random.Generator, count: int) -> np.ndarray:
        for _ in range(_TRIES):
            tiles = finetuning_masks.draw_tiles(rng, self.user.shape, self.experiment.masks.roughness, count)
            if (tiles & ~self.shut).any((1, 2)).all():
                return tiles
        raise self._no_room()

    def _sample(self, rng: np.random.Generator, tiles: np.ndarray | None) -> tuple[Augmentation, np.ndarray]:
        draw = self._moved_with_picture if self.experiment.augment_finetuning_mask else self._drawn_in_frame
        for _ in range(_TRIES):
            found = draw(rng, tiles)
            if found is None:
                break
            if found[1].any():
                return found
        raise self._no_room()

    def _moved_with_picture(self, rng, tiles) -> tuple[Augmentation, np.ndarray] | None:
        """F is drawn on the picture as it is, and moves with it (combinations A–F)."""
        finetuning = self._finetuning(rng, tiles, self.user, self.shut, self.most)
        if finetuning is None:
            return None
        augmentation = augmentations.draw(self.experiment.augment, rng, self.user, finetuning, self.fewest)
        # a translation's border may bring U beside F, and a rotation may thin what lies between them
        _, shut = self._moved_user(augmentation)
        return augmentation, geometry.moved_mask(finetuning, augmentation.source) & ~shut

    def _drawn_in_frame(self, rng, tiles) -> tuple[Augmentation, np.ndarray] | None:
        """F is drawn after the picture moved, and cut where that left empty pixels (combinations G–J)."""
        experiment = self.experiment
        for _ in range(_TRIES):
            augmentation = augmentations.draw(experiment.augment, rng, self.user, None, self.fewest)
            user, shut = self._moved_user(augmentation)
            most, least = self.most, experiment.least_coverage_after_cut * user.size
            if augmentation.cropped:
                most = min(most, augmentations.largest_finetuning(experiment.augment.crop, user))
            filled = augmentation.source != geometry.EMPTY
            if np.count_nonzero(filled & ~shut) < least:
                continue
            for _ in range(_TRIES):
                finetuning = self._finetuning(rng, tiles, user, shut, most)
                if finetuning is None:
                    break
                finetuning &= filled
                if experiment.masks.kind != "strokes" or np.count_nonzero(finetuning) >= least:
                    return augmentation, finetuning
        return None

    def _moved_user(self, augmentation: Augmentation) -> tuple[np.ndarray, np.ndarray]:
        user = geometry.moved_mask(self.user, augmentation.source)
        return user, finetuning_masks.dilated(user, self.experiment.masks.dilation)

    def _finetuning(self, rng, tiles, user, shut, most) -> np.ndarray | None:
        kind = self.experiment.masks.kind
        if kind == "strokes":
            return finetuning_masks.draw_strokes(rng, shut, self.fewest, most)
        if kind == "user_mask":
            return finetuning_masks.move_user_mask(rng, user, shut, self.experiment.masks.shift)
        return tiles & ~shut

    def _no_room(self) -> UnfitPicture:
        masks = self.experiment.masks
        wanted = f" of {masks.least_coverage:.3g} to {masks.greatest_coverage:.3g} of the picture"
        return UnfitPicture(
            f"the hole covers {self.user.mean():.3g} of the picture, {self.shut.mean():.3g} with its rim, and leaves "
            f"no room for a finetuning mask{wanted if masks.kind == 'strokes' else ''}; "
            "use a smaller hole or an experiment with smaller masks"
        )
