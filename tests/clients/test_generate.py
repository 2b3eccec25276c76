"""`amphibus generate client`: the same contracts give the same files, and a stale one is found."""

from pathlib import Path

import pytest

from tests.console.conftest import Console
from tests.console.kiosk import write_kiosk

_FILES = {
    "python": {"__init__.py", "http.py", "messages.py", "shelf_v1.py"},
    "typescript": {"index.ts", "http.ts", "messages.ts", "shelf_v1.ts"},
}


@pytest.fixture
def kiosk(tmp_path: Path) -> Console:
    """The kiosk, which a program outside sells by and hears from."""
    console = Console(write_kiosk(tmp_path / "kiosk"))
    settings = console.root / "config/amphibus.toml"
    outside = '[producers.web]\nsends = ["shelf.Sell.v1"]\nsubscribes = ["shelf.Sold.v1"]\n'
    settings.write_text(settings.read_text() + outside)
    return console


def _read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_same_contracts_give_the_same_files(kiosk: Console, language: str) -> None:
    first = kiosk("generate", "client", language)
    folder = kiosk.root / "clients" / language / "kiosk"
    written = _read(folder)
    again = kiosk("generate", "client", "--language", language, PYTHONHASHSEED="7")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert set(written) == _FILES[language]
    assert again.out.startswith("ok  4 files")
    assert _read(folder) == written
    page = written[f"shelf_v1.{'py' if language == 'python' else 'ts'}"]
    assert all(name in page for name in ("Sell", "Sold", "GetShelf", "Accepted", "Shelf"))
    assert "/v1/shelves/{name}" in page


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_file_that_the_contracts_do_not_say_is_found_and_mended(
    kiosk: Console, language: str
) -> None:
    nothing = kiosk("generate", "client", language, "--to=web", "--check")
    kiosk("generate", "client", language, "--to=web")
    fresh = kiosk("generate", "client", language, "--to=web", "--check")
    page = kiosk.root / "contracts/shelf/v1.py"
    page.write_text(page.read_text().replace("pieces: Annotated", "amount: Annotated"))
    stale = kiosk("generate", "client", language, "--to=web", "--check")
    mended = kiosk("generate", "client", language, "--to=web")

    assert (nothing.code, fresh.code, stale.code, mended.code) == (3, 0, 3, 0)
    name = f"shelf_v1.{'py' if language == 'python' else 'ts'}"
    assert f"web/{name} is not what the contracts say" in stale.out
    assert mended.out.split() == ["wrote", str(kiosk.root / "web" / name)]
    assert kiosk("generate", "client", language, "--to=web", "--check").code == 0


def test_a_page_that_is_gone_is_removed_and_what_a_person_wrote_is_left_alone(
    kiosk: Console,
) -> None:
    kiosk("generate", "client", "python", "--to=web")
    (kiosk.root / "web/shelf_v1.py").rename(kiosk.root / "web/shelf_v9.py")
    removed = kiosk("generate", "client", "python", "--to=web")
    (kiosk.root / "web/mine.py").write_text("answer = 42\n")
    refused = kiosk("generate", "client", "python", "--to=web")

    assert (removed.code, refused.code) == (0, 1)
    assert f"removed  {kiosk.root}/web/shelf_v9.py" in removed.out
    assert "web holds mine.py" in refused.err
    assert (kiosk.root / "web/mine.py").read_text() == "answer = 42\n"


def test_a_language_that_there_is_not_is_answered_with_those_that_there_are(kiosk: Console) -> None:
    ended = kiosk("generate", "client", "pyhton")

    assert ended.code == 2
    assert "amphibus generate client python" in ended.err


def test_the_language_is_an_option_or_the_word_alone(kiosk: Console) -> None:
    written = kiosk("generate", "client", "--language", "python", "--to=web")
    same = kiosk("generate", "client", "python", "--to=web", "--check")

    assert (written.code, same.code) == (0, 0)
    assert "wrote" in written.out
