"""Asks the real Alembic, in a process of its own: run by path, questions as JSON on stdin, answers on stdout.

For distributions that were unpacked without their dependencies, `stub` puts an inert stand-in for every module
that cannot be imported, so that Alembic can execute the revision files all the same.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import types
import warnings
from pathlib import Path
from unittest.mock import MagicMock

from alembic.config import Config
from alembic.runtime.migration import HeadMaintainer
from alembic.script import ScriptDirectory
from alembic.util import CommandError, pyfiles


class _StandIn:
    """Anything one may do with a thing that is not there; as a base class it vanishes."""

    def __init__(self, *_arguments, **_options):
        pass

    def __mro_entries__(self, _bases):
        return ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _StandIn()

    def __call__(self, *_arguments, **_options):
        return _StandIn()

    def __getitem__(self, _key):
        return self

    def __or__(self, _other):
        return self

    __ror__ = __add__ = __radd__ = __and__ = __mod__ = __mul__ = __rmul__ = __or__

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return True

    def __lt__(self, _other):
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class _StandInModule(types.ModuleType):
    def __getattr__(self, name):
        if name == "__version__":
            return "1.0.0"
        if name.startswith("__"):
            raise AttributeError(name)
        return _StandIn()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None  # what another platform's Python has
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = _StandInModule(spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        return None


def answer(question):
    os.chdir(question["cwd"])
    ini = question.get("ini")
    config = Config(ini, toml_file=question.get("toml"), ini_section=question.get("section", "alembic"))
    for name, value in question.get("overrides", {}).items():
        config.set_main_option(name, value.replace("%", "%%"))
    try:
        script = ScriptDirectory.from_config(config)
        nodes = list(script.revision_map._revision_map.values())
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "heads": script.get_heads(),
        "effective_heads": script.get_heads(consider_depends_on=True),
        "bases": script.get_bases(),
        "order": [node.revision for node in script.walk_revisions()],
        "revisions": {
            node.revision: {
                "down": list(node._versioned_down_revisions),
                "depends_on": list(node._resolved_dependencies),
                "labels": sorted(node._orig_branch_labels),
                "all_labels": sorted(node.branch_labels),
                "message": node.doc,
                "doc": node.longdoc,
                "path": os.path.relpath(node.path, question["root"]),
                "merge": node.is_merge_point,
                "branch": node.is_branch_point,
            }
            for node in nodes
            if node is not None
        },
        "applied": [applied(script, heads) for heads in question.get("rows", [])],
        "heads_after": [heads_after(script, *asked) for asked in question.get("asked", [])],
        "steps": [steps(script, *asked) for asked in question.get("asked", [])],
    }


def applied(script, heads):
    found = script.revision_map._get_ancestor_nodes(script.revision_map.get_revisions(tuple(heads)))
    return sorted(node.revision for node in found)


def steps(script, kind, target, heads):
    try:
        if kind == "stamp":
            found = script._stamp_revs((target,), tuple(heads))
            return [[list(step.from_revisions), list(step.to_revisions)] for step in found]
        compute = script._upgrade_revs if kind == "upgrade" else script._downgrade_revs
        return [step.revision.revision for step in compute(target, tuple(heads))]
    except CommandError as error:
        return {"refused": str(error)}
    except (AssertionError, TypeError, KeyError, IndexError) as error:
        return {"refused": type(error).__name__}


def heads_after(script, kind, target, heads):
    """The version rows that Alembic itself would leave, with the SQL going nowhere."""
    try:
        if kind == "stamp":
            found = script._stamp_revs((target,), tuple(heads))
        else:
            found = (script._upgrade_revs if kind == "upgrade" else script._downgrade_revs)(target, tuple(heads))
        rows = HeadMaintainer(MagicMock(as_sql=True), tuple(heads))
        for step in found:
            rows.update_to_step(step)
        return sorted(rows.heads)
    except (CommandError, AssertionError, TypeError, KeyError, IndexError) as error:
        return {"refused": type(error).__name__}


def load_as_far_as_possible(name, path):
    """A module whose ids are set counts, though a model inside it then fails for the lack of what it needs."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception:
        if not {"revision", "down_revision"} <= set(vars(module)):
            raise
        module.upgrade = module.downgrade = lambda: None
    return module


def main():
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    question = json.load(sys.stdin)
    if question.get("stub") is not None:
        sys.path[:0] = question["stub"]
        pyfiles.load_module_py = load_as_far_as_possible
        sys.meta_path.append(_Finder())
    output, sys.stdout = sys.stdout, sys.stderr  # revisions may print
    here = Path.cwd()
    answers = []
    for one in question["questions"]:
        os.chdir(here)
        answers.append(answer(one))
    json.dump(answers, output)


if __name__ == "__main__":
    main()
