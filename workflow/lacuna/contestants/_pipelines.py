"""Pipelines of the library diffusers, opened in the worker's process; tiny ones of random weights are made here."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lacuna.errors import LacunaError

MISSING = "needs the library {}, which is not installed; install Lacuna with its extra: pip install 'lacuna[diffusers]'"


def opened(asked: dict) -> tuple[dict, Callable]:
    """What is said of a pipeline, and a function: ({seed}, [image uint8 H×W×3, hole bool H×W]) → [uint8 H×W×3].

    The safety checker is off: it would paint pictures black, which would be scored as fills. No code that comes with a
    model is run.
    """
    try:
        import torch
        from diffusers import AutoPipelineForInpainting, RePaintPipeline, RePaintScheduler
        from PIL import Image
    except ImportError as error:
        raise LacunaError(MISSING.format(error.name)) from None
    torch.set_num_threads(asked["threads"])
    device = "cuda" if asked["gpus"] and torch.cuda.is_available() else "cpu"
    origin = asked["path"] or asked["hub"]
    more: dict = {"dtype": torch.float16 if asked["half"] else torch.float32}
    more |= {"revision": asked["revision"]} if asked["hub"] else {"local_files_only": True}
    try:
        if asked["tiny"]:
            pipeline = tiny(asked["tiny"])
        elif _class_name(asked) in ("RePaintPipeline", "DDPMPipeline"):
            pipeline = RePaintPipeline.from_pretrained(origin, **more)
            pipeline.scheduler = RePaintScheduler.from_config(pipeline.scheduler.config)
        else:
            pipeline = AutoPipelineForInpainting.from_pretrained(
                origin, safety_checker=None, requires_safety_checker=False, **more
            )
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError, KeyError) as error:
        raise LacunaError(f"cannot be opened by diffusers ({' '.join(str(error).split())[:200]})") from None
    pipeline = pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    is_repaint = isinstance(pipeline, RePaintPipeline)
    options = {"num_inference_steps": asked["steps"]}
    if is_repaint:
        options |= {"jump_length": asked["jump_length"], "jump_n_sample": asked["jumps"]}
    else:
        options |= {name: asked[name] for name in ("prompt", "strength")} | {"guidance_scale": asked["guidance"]}

    def run(head: dict, arrays: list[np.ndarray]) -> list[np.ndarray]:
        image, hole = arrays
        height, width = hole.shape
        # RePaint's authors, and so its pipeline, call 1 what is known
        mask = Image.fromarray((~hole if is_repaint else hole).astype(np.uint8) * 255)
        sizes = {} if is_repaint else {"height": height, "width": width}
        noise = torch.Generator("cpu").manual_seed(head["seed"])
        made = pipeline(
            image=Image.fromarray(image), mask_image=mask, generator=noise, output_type="np", **sizes, **options
        ).images[0]
        if not np.isfinite(made).all():
            raise LacunaError("answers with values that are not finite")
        return [np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)]

    name = type(pipeline).__name__ + ", random weights, for demonstration alone" * bool(asked["tiny"])
    said = {"device": torch.cuda.get_device_name() if device == "cuda" else "CPU", "multiple": _multiple(pipeline)}
    known = "known pixels are the picture's own at the last step's noise (raw)"
    known = known if is_repaint else "known pixels come back through its encoder (raw)"
    return said | {"what": f"{name}; {asked['steps']} steps", "known": known}, run


def _class_name(asked: dict) -> str:
    """Of the pipeline, as its `model_index.json` says."""
    if asked["hub"]:
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(asked["hub"], "model_index.json", revision=asked["revision"])
    else:
        path = str(Path(asked["path"], "model_index.json"))
    return str(json.loads(Path(path).read_text(encoding="utf-8")).get("_class_name"))


def _multiple(pipeline) -> int:
    """What sides must be a multiple of: of the encoder's cells, and of the steps down of the network; RePaint's
    pipeline makes pictures smaller that are no multiple of 32."""
    down = 2 ** (len(pipeline.unet.config.down_block_types) - 1)
    return pipeline.vae_scale_factor * down if hasattr(pipeline, "vae") else max(32, down)


def tiny(name: str):
    """A pipeline of random weights, the same every time: `stable_diffusion`, `stable_diffusion_xl` or `repaint`."""
    import torch
    from diffusers import RePaintPipeline, RePaintScheduler, UNet2DModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if name == "repaint":
            widths = (16, 32)
            down, up = ("DownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "UpBlock2D")
            network = UNet2DModel(
                sample_size=32, in_channels=3, out_channels=3, layers_per_block=1, norm_num_groups=8,
                block_out_channels=widths, down_block_types=down, up_block_types=up, attention_head_dim=8,
            )  # fmt: skip
            return RePaintPipeline(unet=network.eval(), scheduler=RePaintScheduler())
        return _tiny_latent(xl=name == "stable_diffusion_xl")


def _tiny_latent(xl: bool):
    """Nine channels into the network, as the inpainting checkpoints have: noise, mask, masked picture."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionInpaintPipeline,
        StableDiffusionXLInpaintPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    text = CLIPTextConfig(
        hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1, vocab_size=len(_VOCABULARY),
        projection_dim=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    extra = {}
    if xl:  # six numbers about sizes and crops, eight values each, and the pooled text
        extra = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
        extra["projection_class_embeddings_input_dim"] = 6 * 8 + 16
    network = UNet2DConditionModel(
        sample_size=8, in_channels=9, out_channels=4, layers_per_block=1, block_out_channels=(16, 32),
        norm_num_groups=8, cross_attention_dim=32 if xl else 16, attention_head_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **extra,
    )  # fmt: skip
    coder = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(16, 16, 16, 16), norm_num_groups=8,
        layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    parts = {
        "vae": coder.eval(),
        "unet": network.eval(),
        "scheduler": DDIMScheduler(steps_offset=1, clip_sample=False),
        "tokenizer": _tokenizer(),
    }
    if xl:
        both = {"text_encoder": CLIPTextModel(text).eval(), "text_encoder_2": CLIPTextModelWithProjection(text).eval()}
        return StableDiffusionXLInpaintPipeline(**parts, **both, tokenizer_2=_tokenizer())
    safety = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return StableDiffusionInpaintPipeline(**parts, text_encoder=CLIPTextModel(text).eval(), **safety)


_VOCABULARY = [
    "<|startoftext|>",
    "<|endoftext|>",
    *(f"{letter}{end}" for letter in "abcdefghijklmnopqrstuvwxyz" for end in ("", "</w>")),
]


def _tokenizer():
    """Letters alone, and no merges. From memory, because the worker writes no files."""
    from transformers import CLIPTokenizer

    words = {word: number for number, word in enumerate(_VOCABULARY)}
    return CLIPTokenizer(vocab=words, merges=[], model_max_length=16)
