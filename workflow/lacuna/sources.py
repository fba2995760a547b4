"""What stands in the place of a training source where there is none."""

UNTRAINED = "untrained"  # of systems that need no training
ELSEWHERE = "elsewhere"  # of released weights and of given predictions
CONTROL = "control"  # of mean fill, masked input and ground truth
SHARED = {UNTRAINED, ELSEWHERE}  # their results stand beside those of every source
