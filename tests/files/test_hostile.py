"""Every hostile file is refused in one clear sentence, quickly, and without running anything."""

import resource
import time
from pathlib import Path

import pytest

from labelwright.errors import InputError
from labelwright.files import read

from .hostile import CATALOGUE, Hostile


@pytest.mark.parametrize("hostile", CATALOGUE, ids=lambda h: h.name)
def test_refused_with_reason_and_remedy(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / hostile.name
    hostile.build(path)
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(InputError) as raised:
        read(path, limits=hostile.limits)
    message = str(raised.value)
    assert message.startswith(str(path))
    for part in hostile.says:
        assert part in message
    assert "\n" not in message
    assert len(message.replace(str(path), "")) < 300
    assert time.process_time() - begin < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
    assert not (tmp_path / "trapped").exists()


def test_the_catalogue_has_no_name_twice() -> None:
    names = [h.name for h in CATALOGUE]
    assert len(set(names)) == len(names)
