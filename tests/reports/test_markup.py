"""HTML and Markdown: hostile text stays text; proven by parsing what was rendered."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from advisor.reports import html, markdown

if TYPE_CHECKING:
    from advisor.model import Finding, ScanResult

VOID = {"meta", "input", "br", "rect", "line"}


class Page(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def known_shapes(result: ScanResult, empty: ScanResult, harmless: ScanResult) -> set[tuple[str, tuple[str, ...]]]:
    return {shape for page in (result, empty, harmless) for shape in Page(html.render(page)).shape}


def test_html_is_well_formed(result: ScanResult, empty: ScanResult) -> None:
    for page in (Page(html.render(result)), Page(html.render(empty))):
        assert page.open == []
        assert page.comments == []
        ids = [value for _, name, value in page.attributes if name == "id"]
        assert len(ids) == len(set(ids))


def test_html_elements_and_attributes_do_not_depend_on_text(
    hostile: ScanResult, result: ScanResult, empty: ScanResult, harmless: ScanResult
) -> None:
    page = Page(html.render(hostile))
    assert page.open == []
    assert page.comments == []
    assert set(page.shape) <= known_shapes(result, empty, harmless)
    assert not any(name.startswith("on") or name in ("style", "src") for _, name, _ in page.attributes)
    classes = {value for _, name, value in page.attributes if name == "class"}
    assert classes <= {value for _, name, value in Page(html.render(harmless)).attributes if name == "class"}


def test_html_shows_hostile_text(harmless: ScanResult) -> None:
    text = "<script>alert(1)</script>"
    finding = replace(harmless.findings[0], title=text)
    assert text in Page(html.render(replace(harmless, findings=(finding,)))).text


def test_html_needs_nothing_from_outside_and_no_script(result: ScanResult) -> None:
    source = html.render(result)
    page = Page(source)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.shape}
    assert not re.search(r"url\(|@import|https?:", re.sub(r"https?://x", "", source))
    assert all(value.startswith("#") for _, name, value in page.attributes if name in ("href", "src", "xlink:href"))
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_html_is_accessible(result: ScanResult) -> None:
    page = Page(html.render(result))
    headings = [int(tag[1]) for tag, _ in page.shape if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(headings))
    assert all("scope" in names for tag, names in page.shape if tag == "th")
    assert all("aria-label" in names or "aria-hidden" in names for tag, names in page.shape if tag == "svg")
    labelled = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert labelled <= {value for _, name, value in page.attributes if name == "id"}


def test_html_draws_load_against_capacity(result: ScanResult, oversized: Finding) -> None:
    source = html.render(replace(result, findings=(oversized,)))
    drawn = re.findall(
        r'<span>(now|target)</span>\n<svg.*?class="track" width="([\d.]+)%".*?oversized" width="([\d.]+)%"', source
    )
    page = Page(source)
    # Of 16 vCPUs 1.91 are expected to be used, and the target has 4; of 64 GiB 9.6, and it has 16.
    assert drawn == [
        ("now", "100.00", "11.95"),
        ("target", "25.00", "11.95"),
        ("now", "100.00", "15.00"),
        ("target", "25.00", "15.00"),
    ]
    assert re.findall(r'class="mark" x="([\d.]+)%"', source) == ["8.60", "8.60", "12.50", "12.50"]
    assert "1.38 measured (p99), 1.91 expected; 16 now, 4 vCPUs in the target" in page.text
    assert "8 measured (p99), 9.6 expected; 64 now, 16 GiB in the target" in page.text


def test_html_draws_the_quiet_week_and_says_it(result: ScanResult) -> None:
    source = html.render(result)
    days = re.findall(r'<div class="day"><span>(\w+)</span>\n<svg(.*?)</svg>\n<small>(.*?)</small>', source)
    assert [(day, text) for day, _, text in days] == [
        *((day, "00–06, 20–24") for day in ("Mon", "Tue", "Wed", "Thu")),
        ("Fri", "00–06, 18–24"),
        ("Sat", "all day"),
        ("Sun", "all day"),
    ]
    stretches = [re.findall(r'class="schedule" x="(\d+)" width="(\d+)"', svg) for _, svg, _ in days]
    assert stretches[0] == [("0", "6"), ("20", "4")]
    assert stretches[6] == [("0", "24")]
    assert sum(int(hours) for day in stretches for _, hours in day) == 100


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(c * 2 for c in color)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_html_contrast_is_enough_in_light_and_dark(result: ScanResult) -> None:
    light, dark = (
        dict(re.findall(r"--(\w+):#([0-9a-f]+)", block))
        for block in re.findall(r":root \{([^}]*--modernize[^}]*)\}", html.render(result))
    )
    for theme in (light, dark):
        for ink in (
            "ink",
            "soft",
            "good",
            "warn",
            "bad",
            "idle",
            "forgotten",
            "stale",
            "schedule",
            "oversized",
            "modernize",
            "commitment",
            "other",
        ):
            for ground in ("card", "paper") if ink in ("ink", "soft") else ("card",):
                low, high = sorted((luminance(theme[ink]), luminance(theme[ground])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)


PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(source: str) -> list[str]:
    flat = []
    for token in PARSER.parse(source):
        flat.append(token.type)
        flat += [child.type for child in token.children or ()]
    return flat


def rows_and_cells(source: str) -> tuple[int, int]:
    kinds = tokens(source)
    return kinds.count("tr_open"), kinds.count("td_open") + kinds.count("th_open")


def test_markdown_has_no_markup_from_hostile_text(hostile: ScanResult, harmless: ScanResult) -> None:
    source = markdown.render(hostile)
    kinds = tokens(source)
    assert not {"html_inline", "html_block", "link_open", "image", "code_block", "s_open", "blockquote_open"} & set(
        kinds
    )
    assert rows_and_cells(source) == rows_and_cells(markdown.render(harmless))
    for block in ("heading_open", "list_item_open", "paragraph_open"):  # fewer where an empty text leaves one out
        assert kinds.count(block) <= tokens(markdown.render(harmless)).count(block)
    assert kinds.count("fence") == 1


@pytest.mark.parametrize("text", ["http://x", "see WWW.x.org", "a@x.org", "@team", "fixes #12"])
def test_markdown_puts_into_code_what_would_link_itself(text: str) -> None:
    assert markdown.prose(text) == f"`{text}`"


@pytest.mark.parametrize("text", ["a|b", "a\\b", "`", "``a", "a`", " a ", "*a* _b_ [c] <d> &amp; #e !f ~g~ $h$ ^i {j}"])
def test_markdown_shows_text_as_it_is(text: str) -> None:
    for markup in (markdown.prose(text), markdown.code(text)):
        inline = PARSER.parseInline(markup)[0].children or []
        assert "".join(child.content for child in inline).strip() == text.strip()
