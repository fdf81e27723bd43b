"""Settings: what is right is read, what is wrong stops the start with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop.settings import Environment, SettingsError, environment_variables, load_environment, load_shop

MINIMAL = 'naam: "Testwinkel"\neigenaren: "An en Jo"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "winkel.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shop_file_of_the_repository_is_right() -> None:
    assert load_shop(Path("winkel.yml")).besteld_voor == "15:30"


def test_unknown_settings_stay_empty_so_that_nothing_is_made_up(tmp_path: Path) -> None:
    values = load_shop(write(tmp_path, MINIMAL)).placeholders()
    assert values["naam"] == "Testwinkel"
    assert values["retour"] == ""
    assert values["gratis_verzending_vanaf"] == ""


def test_amounts_and_products_are_written_as_customers_read_them(tmp_path: Path) -> None:
    text = MINIMAL + 'gratis_verzending_vanaf: 49.5\nproducten:\n  - {naam: "Magnesium", voorraad: "op voorraad"}\n'
    values = load_shop(write(tmp_path, text)).placeholders()
    assert values["gratis_verzending_vanaf"] == "€ 49,50"
    assert values["producten"] == "Magnesium (op voorraad)"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (MINIMAL + 'besteld_voor: "25:30"\n', 3, "besteld_voor"),
        (MINIMAL + "gratis_verzending_vanaf: veel\n", 3, "gratis_verzending_vanaf"),
        (MINIMAL + 'retuor: "tikfout"\n', 3, "retuor: this setting is not known"),
        (MINIMAL + 'openingstijden: {maandag: "9-17"}\n', 3, "maandag: 9-17"),
        (MINIMAL + 'email: "geen adres"\n', 3, "email"),
        (MINIMAL + 'producten:\n  - {naam: "A"}\n  - {naam: "B", url: "ftp"}\n', 5, "producten.1.url"),
        (MINIMAL + 'naam: "dubbel"\n', 3, "no valid YAML"),
        ('naam: "Test\neigenaren: x\n', 3, "no valid YAML"),
        ("eigenaren: x\n", 1, "naam: field required"),
        ("- naam\n", 1, "a list of settings is expected"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_key(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        load_shop(path)
    assert f"{path}, line {line}" in str(error.value)
    assert words in str(error.value)


def test_a_missing_or_unreadable_file_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is missing"):
        load_shop(tmp_path / "winkel.yml")
    (tmp_path / "winkel.yml").write_bytes(b"naam: \xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_shop(tmp_path / "winkel.yml")


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SCHAKEL_PORT=6001\nSCHAKEL_ACTIONS_PORT=6002\n")
    environment = load_environment({"SCHAKEL_PORT": "7001"}, tmp_path)
    assert (environment.port, environment.actions_port, environment.host) == (7001, 6002, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SCHAKEL_PORT", "http", "SCHAKEL_PORT=http should be a whole number from 1 to 65535"),
        ("SCHAKEL_PORT", "70000", "from 1 to 65535"),
        ("SCHAKEL_ANSWER_TIMEOUT", "55", "from 1 to 50"),
        ("SCHAKEL_HOST", " ", "SCHAKEL_HOST is empty"),
        ("SCHAKEL_PROT", "1", "SCHAKEL_PROT is no setting"),
    ],
)
def test_a_wrong_variable_stops_the_start(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_environment({name: value}, tmp_path)


def test_the_example_file_lists_every_variable_with_its_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(Path(".env.example").read_text())
    assert load_environment({}, tmp_path) == Environment()
    for name in environment_variables():
        assert name in Path(".env.example").read_text()
