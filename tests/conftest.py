"""What every test may use. Tests marked `shared` need the folder that FACEWISE_SHARED names and are skipped elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Two of torch's threads on two busy cores wait for each other: the whole suite took 11 minutes instead of 2.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def shared() -> Path:
    """The shared folder; only for tests that carry the mark."""
    return Path(os.environ["FACEWISE_SHARED"])


@pytest.fixture(scope="session")
def examples() -> Path:
    """The pictures that the project ships."""
    return Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def told_by_its_look() -> Iterator[None]:
    """What the skin's movement tells is tested in test_kinematics; of filmed_faces' clips the evidence that is given for an apex is what it shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facewise.model.network.seen_clip.of_movement", lambda beyond_rest, moved: beyond_rest)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if Path(os.environ.get("FACEWISE_SHARED") or "no-such-folder").is_dir():
        return
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="FACEWISE_SHARED does not name the shared folder"))
