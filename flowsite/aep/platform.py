"""Experience Platform as one credential sees it in one sandbox: a service per attribute."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from flowsite.aep.catalog import Catalog
from flowsite.aep.data_access import DataAccess
from flowsite.aep.data_prep import DataPrep
from flowsite.aep.flow_service import FlowService
from flowsite.aep.registry import SchemaRegistry
from flowsite.aep.sandboxes import Sandboxes
from flowsite.aep.session import Session


class Platform:
    """All services over one session. Close it, or use it as a context manager."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sandboxes = Sandboxes(session)
        self.registry = SchemaRegistry(session)
        self.catalog = Catalog(session)
        self.data_prep = DataPrep(session)
        self.flow_service = FlowService(session)
        self.data_access = DataAccess(session)

    def close(self) -> None:
        """Closes the session's connections."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
