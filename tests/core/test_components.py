"""Every component template renders with no more than it needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from flowsite.core import charts
from flowsite.core.gallery import SampleForm

#: Parts of the shell; every page shows them.
SHELL = {"language_switch", "nav", "page_end", "sandbox_switcher", "scripts", "styles", "user_menu"}
#: What prints nothing when there is nothing to say.
SILENT = {"messages", "toasts", "form_errors"}
LEAST = {
    "alert": {"text": "Text"},
    "badge": {"word": "Text"},
    "breadcrumbs": {"items": [{"label": "Text", "url": "/"}]},
    "chart": {"chart": charts.lines("c", "Text", [], [])},
    "chips": {"label": "Text", "items": [{"label": "All", "url": "/"}]},
    "choices": {"name": "n", "legend": "Text", "options": [{"value": 1, "label": "One"}]},
    "code": {"text": "Text"},
    "confirm_form": {"action": "/", "text": "Text", "label": "Delete"},
    "dialog": {"id": "d", "title": "Text", "action": "/", "text": "Sure?", "label": "Delete"},
    "empty": {"title": "Text"},
    "facts": {"items": [{"term": "Text", "value": None}]},
    "field": {"field": SampleForm(initial={"name": "Text"})["name"]},
    "field_notes": {"field": SampleForm()["name"], "help": "Text"},
    "figures": {"items": [{"term": "Text", "value": 1}]},
    "form_errors": {"form": SampleForm()},
    "id": {"value": "Text"},
    "lazy": {"id": "l", "url": "/?q=Text"},
    "mapping_row": {"row": {"prefix": "r", "number": 1, "source": "Text", "target": "b"}},
    "messages": {"messages": []},
    "pagination": {"summary": "Text"},
    "progress_list": {"steps": [{"title": "Text", "state": "todo"}]},
    "search": {"label": "Text"},
    "stepper": {"steps": [{"label": "Text", "state": "current"}]},
    "tabs": {"label": "Text", "items": [{"label": "Runs", "url": "/"}]},
    "toasts": {"messages": []},
    "tree": {"id": "t", "label": "Text", "nodes": [{"name": "a", "path": "a"}]},
    "tree_label": {"node": {"name": "Text"}},
    "tree_node": {"node": {"name": "Text", "path": "a"}},
}


def test_every_component_is_listed():
    files = {
        path.stem for path in (Path(settings.BASE_DIR) / "templates/components").glob("*.html")
    }

    assert files == SHELL | LEAST.keys()


@pytest.mark.parametrize("name", sorted(LEAST))
def test_renders_with_the_least_variables(name):
    names = " ".join(f"{key}={key}" for key in LEAST[name])

    html = Template(f'{{% include "components/{name}.html" with {names} only %}}').render(
        Context(LEAST[name])
    )

    assert "{#" not in html
    assert "{%" not in html
    assert ("Text" in html) == (name not in SILENT)
