"""What differs between a job as it was and a job as it is asked for now, by name."""

from lacuna import git, sidecars
from lacuna.axes import base_of
from lacuna.canonical import changes
from lacuna.digests import file_of
from lacuna.plan import Job, is_made

NOTHING = object()


def differences(job: Job, sidecar: dict, config: dict) -> list[str]:
    """One sentence for each thing that makes another result of a job than the one that lies there; empty if it is the
    one. `config` gives the settings their names. Where an input differs, what differs there is said."""
    found: dict[str, str] = {}
    for cause, where in _causes(job, sidecar, config, set()):
        found.setdefault(cause, where)
    if not found and sidecar["digest"] != job.digest:
        found["the plan: the same parts are put together in another way"] = job.name
    return [f"{cause} (seen by {where})" if where != job.name else cause for cause, where in found.items()]


def _causes(job: Job, sidecar: dict, config: dict, seen: set[str]) -> list[tuple[str, str]]:
    """(what differs, the name of the job that it differs for), the job's own first."""
    if sidecar["digest"] == job.digest or job.first in seen:
        return []
    seen.add(job.first)
    then, now = sidecar["job"], job.record
    if then["outcome"] or now["outcome"]:
        return [(f"what is fetched: {job.name} is pinned to another file", job.name)]
    found = _settings(then, now, config)
    found += _code(then["code"], now["code"], sidecar.get("commit", ""))
    found += _packages(then["packages"], now["packages"])
    found += [
        f"the user's files: {name} ({_place(now, name)}) are others than when it was made"
        for name in sorted(then["contents"].keys() | now["contents"].keys())
        if then["contents"].get(name) != now["contents"].get(name)
    ]
    edges, upstream = _inputs(job, then, config, seen)
    return [(cause, job.name) for cause in found + edges] + upstream


def _settings(then: dict, now: dict, config: dict) -> list[str]:
    found = changes(then["settings"], now["settings"])
    return [f"config: {config_key(config, now, path)} {how}" for path, how in found.items()]


def config_key(config: dict, job: dict, path: tuple[str, ...]) -> str:
    """The dotted name of a setting in the config: the most special place where it stands, or might have stood."""
    key = job["key"]
    named = (("systems", "system"), ("image_sets", "image_set"), ("mask_sets", "mask_set"))
    places = [(section, base_of(key.get(wildcard, ""))) for section, wildcard in named]
    roots = [place for place in places if place[1] in (config.get(place[0]) or {})] + [()]
    if job["stage"] == "resolve_config" or path[0] == "config":
        roots, path = [()], path[path[0] == "config" :]
    for root in roots:
        value = config
        for part in (*root, *path):
            value = value.get(part, NOTHING) if isinstance(value, dict) else NOTHING
        if value is not NOTHING:
            return ".".join((*root, *path))
    return ".".join((*roots[0], *path) if path[0] == "settings" else path)


def _code(then: dict[str, str], now: dict[str, str], commit: str) -> list[str]:
    found = []
    for module in sorted(then.keys() | now.keys()):
        if module not in now:
            found.append(f"code: module {module} is no longer used")
        elif module not in then:
            found.append(f"code: module {module} is used now")
        elif then[module] != now[module]:
            path = file_of(module)
            commits = git.commits_since(commit, path) if path else ()
            said = f" ({'; '.join(commits[:5])})" if commits else ""
            found.append(f"code: module {module} has changed{said}")
    return found


def _packages(then: dict[str, str], now: dict[str, str]) -> list[str]:
    return [
        f"package: {name} was {then.get(name, 'not there')} and is {now.get(name, 'not there')}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def _place(job: dict, name: str) -> str:
    return str(job["settings"].get("path") or job["settings"].get("folder") or name)


def _inputs(job: Job, then: dict, config: dict, seen: set[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """What differs in which files a job takes, and what differs for the jobs that make them."""
    found, upstream = [], []
    for name in sorted(then["inputs"].keys() | job.inputs.keys()):
        old = dict(then["inputs"].get(name, []))
        new = {str(path): path for path in job.inputs.get(name, ())}
        found += [f"input: {path} is no longer one of its {name}" for path in old if path not in new]
        for text, path in new.items():
            if text not in old:
                found.append(f"input: {text} is one of its {name} now")
            elif not is_made(path):
                if old[text] != job.contents[path]:
                    found.append(f"the user's files: {text} is another file than when it was made")
            elif old[text] != path.job.digest and path.job.first not in seen:
                sidecar = sidecars.read(path.job.first)
                if sidecar is None or sidecar["digest"] != old[text]:
                    found.append(f"input: {path} has been made anew since")
                else:
                    upstream += _causes(path.job, sidecar, config, seen)
        if list(old) != list(new) and set(old) == set(new):
            found.append(f"input: its {name} stand in another order")
    return found, upstream
