"""Which pictures stand for an adaptation, and which are drawn to explain it: names, and what captions say of them."""

EXAMPLES = {
    "best": "The pictures that improve most",
    "median": "The pictures around the median improvement",
    "worst": "The pictures that lose most",
    "no_improvement": "The pictures that do not improve but lose least",
}
DRAWINGS = {
    "kinds_of_masks": "A picture, and under a square, strokes, circles and ellipses, and a segment of its own (after "
    "figure 2.7 of the thesis)",
    "regions": "The user's hole U, a sampled mask F′, what is left of it as the finetuning mask F, and F over U with "
    "the known rim between them (after figure 3.2)",
    "full_image_masks": "The finetuning masks of one batch (yellow), which together hide all that is known but a rim "
    "around the user's hole (grey) (after figure 4.1)",
    "appearance": "Augmentations of appearance on one picture, with the outlines of F (yellow) and U (grey) (after "
    "figure 4.3)",
    "location": "Augmentations of location on one picture, with the outlines of F (yellow) and U (grey) moved along "
    "(after figure 4.5)",
    "fills": "What training shows in the user's hole (after figure 4.7)",
}
