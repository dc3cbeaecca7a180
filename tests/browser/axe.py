"""axe-core's rules of WCAG 2.2 A and AA over what a page shows at the moment."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SCRIPT = (Path(axe_playwright_python.__file__).with_name("axe.min.js")).read_text()
#: "target-size" is off unless it is asked for.
RUN = """() => axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]
}).then(found => found.violations.flatMap(one => one.nodes.slice(0, 4).map(node =>
  `${one.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} ` +
  `${node.any[0]?.message ?? ""}`)))"""


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(SCRIPT)
    found: list[str] = page.evaluate(RUN)
    return found
