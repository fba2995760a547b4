"""PEN-Net without attention: the network of a university laboratory, "Lab 5, image completion by deep learning".

The students' report writes down PEN-Net's encoder and decoder, layer by layer, with the skip connections joined as they
are: no attention transfer fills them, and no level of the decoder shows a picture. It is the comparison that tells what
these two parts are worth. (The report gives the network's layers and inputs, an image and a mask; PEN-Net's own way to
put them together is taken: the hole is white, in the range [−1, 1], and the mask is the fourth channel.)

The report does not say how it is trained. It is trained here as PEN-Net is, so that nothing but the network differs:
the same discriminator, optimisers and schedule, L1 in and outside the hole and the adversarial loss with PEN-Net's
weights. PEN-Net's pyramid loss needs the pictures that this network does not make, and falls away.
"""

from torch import Tensor

from lacuna.nn.losses import weighted
from lacuna.systems import pennet
from lacuna.systems.base import Facts, Prediction


class Generator(pennet.SkipNetwork):
    """Encoder, decoder and plain skip connections between them. The report's key names, which are PEN-Net's."""

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        raw, _ = self.decode(self.encode(image, mask))
        return Prediction(raw=raw)


class PENNetLab(pennet.PENNet):
    """PEN-Net's training with the plain network."""

    facts = Facts(
        name="pennet_lab",
        title="PEN-Net, no attention",
        paper="Lab 5: image completion by deep learning (a students' report after Zeng et al.)",
        year=2022,
        licence="none stated",
        kind="deep",
        authors_mask="1 = hole",
        authors_range=(-1.0, 1.0),
        size_multiple=64,
        minimal_size=64,
        parameters=9_441_731,
        parts={"generator": 9_441_731, "discriminator": 4_318_401},
        data="The report does not say.",
    )
    Recipe = pennet.PlainRecipe  # type: ignore[assignment]  # without the settings of the pyramid
    generator = Generator

    def reconstruction_losses(self, made: Prediction, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        recipe = self.recipe
        return weighted(
            hole_l1=(recipe.hole_weight, lambda: 2 * pennet.masked_l1(made.raw, image, mask)),
            valid_l1=(recipe.valid_weight, lambda: 2 * pennet.masked_l1(made.raw, image, 1 - mask)),
        )


SYSTEM = PENNetLab
