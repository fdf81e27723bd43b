"""Every setting, target and document is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

from shop.settings import Shop, environment_variables

README = Path("README.md").read_text(encoding="utf-8")


def targets() -> "set[str]":
    return set(re.findall(r"^([a-z][a-z-]+):", Path("Makefile").read_text(), flags=re.MULTILINE))


def test_every_make_target_is_in_the_readme_and_the_other_way_round() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", README))
    assert targets() == named


def test_every_variable_stands_in_the_readme_and_in_the_example_with_its_default() -> None:
    example = Path(".env.example").read_text()
    from shop.settings import Environment

    for variable, attribute in environment_variables().items():
        default = getattr(Environment(), attribute)
        assert f"| `{variable}` | `{default}` |" in README or (default == "" and f"| `{variable}` |" in README), (
            variable
        )
        assert f"{variable}={default}" in example, variable
    assert set(re.findall(r"SCHAKEL_[A-Z_]+", README)) <= set(environment_variables())


def test_every_shop_setting_is_explained_in_winkel_yml() -> None:
    text = Path("winkel.yml").read_text(encoding="utf-8")
    for name in Shop.__fields__:
        assert re.search(rf"^{name}:", text, flags=re.MULTILINE), name


def test_links_to_files_lead_somewhere() -> None:
    for page in [Path("README.md"), *Path("docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_document_is_linked_from_the_readme() -> None:
    for page in Path("docs").glob("*.md"):
        assert f"docs/{page.name}" in README, page


def test_every_dependency_has_its_reason() -> None:
    reasons = Path("docs/dependencies.md").read_text(encoding="utf-8").lower()
    for name in ("app", "dev", "bootstrap"):
        for line in Path(f"requirements/{name}.in").read_text().splitlines():
            package = re.match(r"^[A-Za-z0-9_-]+", line)
            if package and not package.group().startswith(("-", "types-")):
                assert package.group().lower() in reasons, package.group()


def test_requirements_are_hashed_and_hold_no_address() -> None:
    for name in ("app", "dev", "bootstrap"):
        text = Path(f"requirements/{name}.txt").read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
