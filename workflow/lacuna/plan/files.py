"""Files that rules take in and that no rule makes, or that more than one rule speaks of."""

from lacuna.backbones.catalogue import backbone
from lacuna.metrics.per_image import METRICS
from lacuna.plan.names import Names


class FileNames(Names):
    """Where weights, backbones and given predictions lie, for rules that ask with their wildcards."""

    def key(self, wildcards) -> tuple[str, str, str]:
        """(system, source, test set) of a rule's wildcards."""
        return wildcards.system, wildcards.source, wildcards.test_set

    def weights_of(self, wildcards) -> str | list:
        """The weights that a system predicts with: none for one that needs no training."""
        return self.weights_path(wildcards.system, wildcards.source) or []

    def weights_path(self, label: str, source: str) -> str | None:
        """The file of weights, trained here or named in the config; None for a system that needs none."""
        if not self.is_trained(label):
            return self.systems[label].get("weights")
        return f"{self.folder}/training/{label}/{source}/weights.safetensors"

    def initial_weights(self, wildcards) -> str | list:
        """The weights that a training begins with; none for random ones."""
        return self.systems[wildcards.system].get("weights", [])

    def weights_files(self) -> list[str]:
        """All files of weights that systems predict with."""
        files = (self.weights_path(label, source) for label in self.systems for source in self.sources_of(label))
        return [path for path in files if path]

    def given_folder(self, wildcards) -> str:
        """The folder of somebody else's predictions on a test set."""
        return self.systems[wildcards.system]["path"].replace("{test_set}", wildcards.test_set)

    def backbones(self, stage: str, label: str = "") -> list[str]:
        """Names of the pretrained backbones that training (`train`), scoring (`score`) or `features` loads."""
        if stage == "train":
            return list(self._facts[label]["backbones"])
        if stage == "features":
            return ["inception"]
        networks = {METRICS[metric].network for metric in self.config["metrics"]} - {None}
        return [f"lpips_{network}" for network in sorted(networks)]

    def backbone_files(self, stage: str, label: str = "") -> list[str]:
        """Files of the backbones that a stage loads for a system."""
        return [f"results/backbones/{backbone(name).file}" for name in self.backbones(stage, label)]
