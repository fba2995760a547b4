"""The config of a run that takes seconds: a folder of photographs, a network of four channels, given predictions."""

SETTINGS = {"width": 4, "discriminator_width": 4}
TINY = {
    "run": "tiny",
    "title": "A run of seconds",
    "demonstration": True,
    "seed": 3,
    "image_size": [48, 40],
    "image_sets": {
        "learn": {"kind": "package", "images": ["skimage:data/coffee.png"], "count": 5, "crop": "random"},
        "held": {"kind": "package", "images": ["skimage:data/chelsea.png"], "count": 3, "crop": "random"},
        "mine": {"kind": "folder", "path": "photographs", "count": 3, "crop": "random"},
    },
    "mask_sets": {
        "many": {"kind": "strokes", "count": 5, "bins": 1},
        "few": {"kind": "boxes", "count": 3, "bins": 3, "coverage": [0.05, 0.5]},
    },
    "sources": {"scenes": {"train": "learn", "validation": "held"}},
    "train_masks": "many",
    "validation_masks": "few",
    "test_sets": ["mine"],
    "test_masks": "few",
    "systems": {
        "telea": None,
        "theirs": {"kind": "predictions", "path": "predicted/{test_set}"},
        "deepfillv2": {"settings": SETTINGS},
    },
    "training": {"iterations": 12, "batch_size": 2, "validate_every": 4, "checkpoint_every": 3, "log_every": 2},
    "metrics": ["psnr", "l1"],
    "controls": False,
    "studio": False,
    "figures": {"qualitative_images": 1},
    "cost": {"seconds": 0.05, "largest_batch_cpu": 1},
}
