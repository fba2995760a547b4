# Every trained system on every source. Going on works from the undeclared `state/` beside the weights.


rule train:
    input:
        train=lambda wildcards: f"{PLAN.folder}/lists/{PLAN.sources[wildcards.source]['train']}.txt",
        validation=lambda wildcards: f"{PLAN.folder}/lists/{PLAN.sources[wildcards.source]['validation']}.txt",
        backbones=lambda wildcards: PLAN.backbone_files("train", wildcards.system),
        initial=lambda wildcards: PLAN.initial_weights(wildcards),
    output:
        weights=f"{PLAN.folder}/training/{{system}}/{{source}}/weights.safetensors",
        state=f"{PLAN.folder}/training/{{system}}/{{source}}/training_state.safetensors",
        losses=f"{PLAN.folder}/training/{{system}}/{{source}}/losses.csv",
        validation=f"{PLAN.folder}/training/{{system}}/{{source}}/validation.csv",
        record=f"{PLAN.folder}/training/{{system}}/{{source}}/record.json",
        samples=report(
            f"{PLAN.folder}/training/{{system}}/{{source}}/samples.png",
            category="Training",
            labels={"system": "{system}", "source": "{source}"},
            caption="../report/samples.rst",
        ),
    log:
        f"{PLAN.folder}/logs/train/{{system}}.{{source}}.log",
    benchmark:
        f"{PLAN.folder}/benchmarks/train/{{system}}.{{source}}.jsonl"
    # The longest jobs first: what needs no training is predicted and scored beside them. One thread is as fast as two on
    # small pictures, and without a GPU trainings run side by side.
    priority: 10
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
    params:
        settings=lambda wildcards: PLAN.train(wildcards.system, wildcards.source).settings_json,
        digest=lambda wildcards: PLAN.train(wildcards.system, wildcards.source).digest,
        initial=lambda wildcards, input: ["--initial-weights", input.initial] if input.initial else [],
    shell:
        "python -m lacuna train --settings {params.settings:q} --train-list {input.train}"
        " --validation-list {input.validation} --backbones results/backbones {params.initial:q}"
        " --gpus {resources.gpu}"
        " --threads {threads} --output {output.weights} > {log} 2>&1"
