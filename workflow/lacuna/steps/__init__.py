"""The steps of the workflow: one module a stage of the plan, called `run`, each given a `lacuna.task.Task`."""
