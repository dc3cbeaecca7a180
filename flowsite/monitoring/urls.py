"""Addresses of dataflows, runs and their monitoring."""

from django.urls import path

from flowsite.monitoring.views import (
    actions,
    board,
    dataflows,
    export,
    mapping,
    runs,
    saved,
    selection,
    work,
)

urlpatterns = [
    path("monitoring/", board.board, name="board"),
    path("monitoring/live/", board.board_live, name="board-live"),
    path("monitoring/sync/", board.sync_now, name="sync-now"),
    path("monitoring/columns/", saved.board_columns, name="board-columns"),
    path("monitoring/filters/", saved.filters, name="board-filters"),
    path("monitoring/selection/", selection.selection, name="board-selection"),
    path("monitoring/views/", saved.views, name="board-views"),
    path("monitoring/views/save/", saved.view_save, name="view-save"),
    path("monitoring/views/<int:pk>/", saved.view, name="view"),
    path("monitoring/views/<int:pk>/change/", saved.view_change, name="view-change"),
    path("monitoring/dataflows.csv", export.board_export, name="board-export"),
    path("monitoring/runs/", runs.runs, name="runs"),
    path("monitoring/runs.csv", export.runs_export, name="runs-export"),
    path("monitoring/work-queue/", work.work_queue, name="work"),
    path("monitoring/work-queue/act/", work.work_act, name="work-act"),
    path("dataflows/", dataflows.dataflows, name="dataflows"),
    path("dataflows/<int:pk>/", dataflows.dataflow, name="dataflow"),
    path("dataflows/<int:pk>/live/", dataflows.dataflow_live, name="dataflow-live"),
    path("dataflows/<int:pk>/calendar/", dataflows.dataflow_calendar, name="dataflow-calendar"),
    path("dataflows/<int:pk>/timeline/", dataflows.dataflow_timeline, name="dataflow-timeline"),
    path("dataflows/<int:pk>/mapping/", mapping.dataflow_mapping, name="dataflow-mapping"),
    path("dataflows/<int:pk>/tags/", selection.dataflow_tags, name="dataflow-tags"),
    path("dataflows/<int:pk>/outside/", actions.outside_change, name="dataflow-outside"),
    path("dataflows/<int:pk>/adopt/", dataflows.adopt, name="dataflow-adopt"),
    path("dataflows/<int:pk>/export/", dataflows.export, name="dataflow-export"),
    path("dataflows/<int:pk>/clone/", dataflows.clone, name="dataflow-clone"),
    path("dataflows/<int:pk>/<slug:kind>/", actions.dataflow_action, name="dataflow-action"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/live/", runs.run_live, name="run-live"),
    path("runs/<int:pk>/rows/", runs.refused_rows, name="run-rows"),
    path("runs/<int:pk>/retry/", actions.run_retry, name="run-retry"),
]
