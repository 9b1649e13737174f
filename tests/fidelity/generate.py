"""Random MJML documents: components, nesting, attributes, values and odd content, the same for the same seed."""

from __future__ import annotations

import random

from newsletter.rendering.mjml_components import COMPONENTS

WORDS = "Pension reform adopted by the council of members réforme für Straße अंतरराष्ट्रीय 年金 الضمان".split()  # noqa: SIM905
CONTENT = (
    "<p>{0} <b>{1}</b></p>",
    "<ul><li>{0}<li>{1}</ul>",
    "{0}<br />{1}<br>{0}",
    "<h2 style='margin:0;color:#123456'>{0}</h2> {1} &nbsp;&eacute;&amp; x < y",
    '<a href="https://example.org/?a=1&b=2" class="link">{0}</a> <!-- note --> {1}',
    "<!--[if mso]><p>{0}</p><![endif]--><![if !mso]><span>{1}</span><![endif]>",
    '<table width="100%"><tr><td class="cell" bgcolor="#eeeeee">{0}</td><td style="padding:3px">{1}</td></tr></table>',
    '<div class="box"><p class="lead">{0}</p><p>{1}</p></div>',
    '<p style="font-family:Georgia,\n  serif; color: rgb(1,2,3)">{0}</p>{1}',
    "<![CDATA[x]]> {0} \\ \u200d \u00ad {1}",
    '<table width="100%"><tr><td>{0}</td></tr></table><table><tr><td>{1}</td></tr></table>',
    "{0}</br>{1}<p>{0}<p></p></p>< {1} ><555.1>",
    '<table border="1"><thead><tr><th>{0}</th></tr></thead>{1}</table>',
    '<style type="text/css">.c1 p {{ color: #880088 }}</style><div style="display: flex">{0}<img src="a.png" /></div>',
    '<svg width="20" height="10"><rect width="20" height="10" fill="#f00"/></svg> {0} {1}',
    "{0}",
    "",
)
# Raw HTML around other components, begun in one mj-raw and ended in another.
PAIRS = (
    ('<div class="box" style="background:#ffdddd;padding:5px">', "</div>"),
    ("<!--[if !mso]><!-->", "<!--<![endif]-->"),
    ("<!--[if mso]><div><![endif]-->", "<!--[if mso]></div><![endif]-->"),
    ("{{#if member}}", "{{/if}}"),
    ("<center>", "</center>"),
)
RAW = COMPONENTS["mj-raw"].parents & {"mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"}
TABLE = '<tr><th class="cell">{0}</th><td>{1}</td></tr><tr><td colspan="2"><p>{1}</p></td></tr>'
INLINE = (
    ".link {{ color: #aa0000; text-decoration: none }}",
    "p {{ margin: 2px 0 }} .lead {{ font-size: 20px !important }}",
    ".box > p {{ color: #00aa00 }} td.cell {{ padding: 4px; text-align: center }}",
    "div p:first-child {{ font-weight: bold }} a[href] {{ color: #0000ff }}",
    ".c1 {{ background-color: #ddeeff; padding: 3px }} .c2 td {{ color: #550055 }} h2, li {{ font-style: italic }}",
)
VALUES = {
    "color": ["#f00", "#12ab9f", "red", "rgba(10,20,30,0.5)", "transparent"],
    "px": ["0", "1px", "12px", "20px", "37px", "250px"],
    "px auto": ["auto", "40px", "80px"],
    "size": ["0", "0px", "5px", "20px", "50%", "120px"],
    "size auto": ["auto", "100%", "200px", "0"],
    "sizes": ["0", "10px", "5px\n 10px", "1px 2px 3px", "4px 3px 2px 1px", "0 0 20px"],
    "spacing": ["1px", "0.1em", "-1px", "0"],
    "height": ["1", "1.5", "20px", "150%", "0", "1.45rem", "20 px"],
    "number": ["0", "4", "6px"],
    "font size": ["0", "12px", "20px", "0.9rem", "1.2em", "large", "20", "150%"],
    "line width": ["0", "1px", "7px", "5", "0.2rem"],
    "image width": ["40px", "134", "250px", "30%", "900px"],
    "free sizes": ["0", "10px 1rem", "0 0 2em 20px", "5%"],
    "free size": ["0", "0px", "5px", "20px", "5%", "1rem", "20", "12 px"],
}
# Attributes that public templates have where MJML knows none of that name.
IDLE = ("vertical-align", "font-size", "color", "background", "data-note", "border-width", "text-transform")
TEXTS = {
    "border": ["1px solid #000", "none", "0", "3px dashed red", "dashed 4px green"],
    "font-family": ["Georgia, serif", "Lato, Arial", "'Courier New', monospace"],
    "font-style": ["italic", "normal"],
    "font-weight": ["bold", "400", "700"],
    "text-decoration": ["underline", "none"],
    "text-transform": ["uppercase", "capitalize", "none"],
    "border-style": ["solid", "dotted"],
    "border-radius": ["4px", "50%", "10px 0", "0"],
    "css-class": ["c1", "c2", "c1 c2"],
    "background-size": ["cover", "contain", "auto", "100px 50px"],
    "background-repeat": ["repeat", "no-repeat"],
    "background-position": ["top center", "center center", "left bottom", "center", "20px 50%"],
    "background-position-x": ["left", "center"],
    "background-position-y": ["top", "center"],
    "target": ["_blank", "_self"],
    "name": ["facebook", "twitter-noshare", "web", "own"],
    "hamburger": ["hamburger"],
    "ico-text-transform": ["none"],
    "ico-text-decoration": ["underline"],
    "ico-font-family": ["Arial"],
    "ico-open": ["+"],
    "ico-close": ["-"],
    "base-url": ["https://example.org"],
    "mj-class": ["k1", "k2", "k1 k2"],
}
# What defaults for all components may say.
EVERY = {
    **dict.fromkeys(("color", "background-color"), "color"),
    "font-family": "text",
    "font-size": "font size",
    "line-height": "height",
    "align": "left|center",
    "padding": "sizes",
    "padding-top": "free size",
}
IN_COLUMN = ("mj-text",) * 4 + (
    "mj-button", "mj-image", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social", "mj-navbar",
    "mj-accordion", "mj-raw",
)  # fmt: skip


class Generator:
    """Documents from one seed. `odds` of an attribute being written."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.odds = self.random.choice([0.03, 0.1, 0.2])

    def document(self) -> str:
        chosen = self.random
        head = []
        if chosen.random() < 0.5:
            defaults = [self._tag(tag, "", True) for tag in chosen.sample(["mj-text", "mj-button", "mj-section"], 2)]
            every = self._tag("mj-all", "", True)
            head.append(f'<mj-attributes>{every}<mj-unknown color="red" /><mj-class name="k1" color="#a00" />'
                        f'<mj-class name="k2" padding="3px" css-class="c2" />'
                        f"{''.join(defaults)}</mj-attributes>")  # fmt: skip
        if chosen.random() < 0.4:
            head.append("<mj-breakpoint width='320px' />")
        if chosen.random() < 0.5:
            css = " ".join(chosen.sample(INLINE, 2)).format()
            head.append(f'<mj-style inline="inline">{css}</mj-style>')
        if chosen.random() < 0.5:
            head.append(
                "<mj-style>.c1 p { color: #007700 } @media (max-width:480px) { p { color: red !important } }</mj-style>"
            )
        blocks = "".join(self._block() for _ in range(chosen.randint(1, 4)))
        return f"<mjml><mj-head>{''.join(head)}</mj-head>\n{self._tag('mj-body', blocks)}</mjml>"

    def _block(self) -> str:
        kind = self.random.choice(["section"] * 5 + ["wrapper", "hero", "raw", "comment"])
        if kind == "wrapper":
            return self._tag("mj-wrapper", "".join(self._section() for _ in range(self.random.randint(1, 2))))
        if kind == "hero":
            return self._tag("mj-hero", self._pieces(2))
        if kind == "raw":
            return self._tag("mj-raw", self._content())
        return "<!-- a comment -->\n" if kind == "comment" else self._section()

    def _section(self) -> str:
        if self.random.random() < 0.15:
            return self._tag("mj-section", self._tag("mj-group", self._columns()))
        return self._tag("mj-section", self._columns() if self.random.random() < 0.95 else "")

    def _columns(self) -> str:
        return "\n".join(self._tag("mj-column", self._pieces(3)) for _ in range(self.random.choice([1, 1, 2, 3])))

    def _pieces(self, most: int) -> str:
        return "\n".join(self._piece() for _ in range(self.random.randint(0, most)))

    def _piece(self) -> str:
        tag = self.random.choice(IN_COLUMN)
        match tag:
            case "mj-social":
                inner = "".join(self._tag("mj-social-element", self._words()) for _ in range(self.random.randint(1, 3)))
            case "mj-navbar":
                inner = "".join(self._tag("mj-navbar-link", self._words()) for _ in range(2))
            case "mj-accordion":
                inner = "".join(self._accordion() for _ in range(2))
            case "mj-table":
                inner = TABLE.format(self._words(), self._words())
            case "mj-button":
                inner = self._words()
            case "mj-text" | "mj-raw":
                inner = self._content()
                inner = f"<p>{inner}</p>" if tag == "mj-raw" and "<" not in inner else inner
            case _:
                inner = ""
        return self._tag(tag, inner)

    def _accordion(self) -> str:
        inner = self._tag("mj-accordion-title", self._words()) if self.random.random() < 0.9 else ""
        inner += self._tag("mj-accordion-text", self._content()) if self.random.random() < 0.9 else ""
        return self._tag("mj-accordion-element", inner)

    def _words(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, 5)))

    def _content(self) -> str:
        return self.random.choice(CONTENT).format(self._words(), self._words())

    def _aside(self, tag: str) -> str:
        """Now and then a comment or raw HTML, wherever a component has room for it."""
        if tag not in COMPONENTS["mj-raw"].parents or self.random.random() > 0.08:
            return ""
        return self.random.choice(
            ["<!-- aside -->", "<!--[if mso]><i>aside</i><![endif]-->", "<mj-raw><b>aside</b></mj-raw>"]
        )

    def _tag(self, tag: str, inner: str, default: bool = False) -> str:
        if inner and tag in RAW and self.random.random() < 0.06:
            begin, end = self.random.choice(PAIRS)
            inner = f"<mj-raw>{begin}</mj-raw>{inner}<mj-raw>{end}</mj-raw>"
        inner = self._aside(tag) + inner + self._aside(tag) if inner else inner
        kinds = EVERY if tag == "mj-all" else COMPONENTS[tag].attributes
        written = {
            name: self._value(tag, name, kind) for name, kind in kinds.items() if self.random.random() < self.odds
        }
        for unwanted in ("position", "gap", "mj-class" if default else "", "id", "sizes"):
            written.pop(unwanted, None)
        if tag not in ("mj-all", "mj-raw") and self.random.random() < 0.1:
            written.update({name: "12px" for name in IDLE if name not in kinds})
        if tag == "mj-image":
            written.setdefault("src", "https://example.org/a.png")
        if tag == "mj-navbar-link":
            written.setdefault("href", "/news")
        if tag == "mj-body" and "width" in written:
            written["width"] = "500px"
        if tag in ("mj-column", "mj-group") and "width" in written:
            written["width"] = self.random.choice(["50%", "33.33%", "200px", "25%", "300", "33,33%", "100%"])
        text = "".join(f' {name}="{value}"' for name, value in written.items())
        if written and self.random.random() < 0.02:
            text += f' {next(iter(written))}="a double"'
        return f"<{tag}{text}>{inner}</{tag}>" if inner else f"<{tag}{text} />"

    def _value(self, tag: str, name: str, kind: str) -> str:
        if "url" in name or name in ("src", "srcset", "href"):
            return "https://example.org/p.png" + (" 2x" if name == "srcset" else "")
        choices = TEXTS.get(name)
        if choices is None and kind == "line":
            choices = TEXTS["border"]
        if choices is None:
            choices = VALUES.get(kind) or (kind.split("|") if "|" in kind else ["some é “text”"])
        return self.random.choice(choices)


def document(seed: int) -> str:
    """The document of a seed."""
    return Generator(seed).document()
