"""What stands around the wording: the layout with its CSS inlined, and the foot of the plain text."""

from __future__ import annotations

from traceback import extract_tb

import css_inline
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from templates.catalogue import Brand
from templates.errors import BadTemplates, TemplateProblem

NEEDED = ("name", "address", "url", "reply_to", "logo_text", "why", "unsubscribe")
"""What the layout and the text's foot need of the brand."""


class Page:
    """The one layout, compiled. Its own values are the brand's; a message's are slots."""

    def __init__(self, source: str, path: str, brand: Brand) -> None:
        """Raises BadTemplates when the layout does not compile."""
        env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True, loader=None)
        del env.filters["safe"]
        self._brand = brand
        self._path = path
        self._inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
        try:
            self._layout = env.from_string(source)
        except TemplateError as error:
            raise BadTemplates([self._problem(error)]) from None
        for locale in brand.locales:  # a mistake in the layout must show now, not at the first message
            self.html("", locale, "", "", "")

    def html(self, body: str, locale: str, subject: str, preheader: str, unsubscribe: str) -> str:
        """The whole page. `body` is HTML; the others may be slots; no `unsubscribe`, no such link."""
        try:
            page = self._layout.render(
                body=Markup(body),  # noqa: S704  made by the Markdown renderer, with HTML off and no values in it
                lang=locale,
                subject=subject,
                preheader=preheader,
                unsubscribe=unsubscribe,
                shop=self._brand.in_locale(locale),
                colours=dict(self._brand.colours),
            )
        except TemplateError as error:
            raise BadTemplates([self._problem(error)]) from None
        inlined = self._inliner.inline(page)  # puts what is left of the CSS first in the head; the charset goes before
        return inlined.replace("<head>", '<head><meta charset="utf-8">', 1)

    def text(self, body: str, locale: str, unsubscribe: str) -> str:
        """`body` with the shop's name and address below it, behind the dashes that mail programs know."""
        shop = self._brand.in_locale(locale)
        foot = [f"{shop['name']} · {shop['address']}", str(shop["why"])]
        if unsubscribe:
            foot.append(f"{shop['unsubscribe']}: {unsubscribe}")
        return "\n".join([body, "", "-- ", *foot, ""])

    def _problem(self, error: TemplateError) -> TemplateProblem:
        line = getattr(error, "lineno", None)
        if line is None:  # Jinja rewrites the traceback so that it shows the layout's lines
            lines = [f.lineno for f in extract_tb(error.__traceback__) if f.filename == "<template>"]
            line = lines[-1] if lines else 1
        return TemplateProblem(self._path, line or 1, 1, str(error.message), "layout")
