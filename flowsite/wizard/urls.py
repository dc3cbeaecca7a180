"""Addresses of the wizard: catalogue, accounts, drafts, steps, submissions."""

from django.urls import path, register_converter

from flowsite.wizard.steps import StepConverter
from flowsite.wizard.views import (
    account_step,
    accounts,
    bulk,
    catalogue,
    data_step,
    dataset_step,
    drafts,
    mapping_step,
    orphans,
    review_step,
    schedule_step,
    step_pages,
    steps,
    submissions,
)

register_converter(StepConverter, "step")

urlpatterns = [
    path("sources/", catalogue.catalog, name="catalog"),
    path("sources/offered/", catalogue.catalog_offered, name="catalog-offered"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/list/", accounts.accounts_list, name="accounts-list"),
    path("accounts/new/<slug:slug>/", accounts.account_new, name="account-new"),
    path("accounts/<int:pk>/", accounts.account_detail, name="account-detail"),
    path("accounts/<int:pk>/test/", accounts.account_test, name="account-test"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/new/", drafts.draft_new, name="draft-new"),
    path("drafts/import/", drafts.draft_import, name="draft-import"),
    path("drafts/batch/<slug:key>/", bulk.batch, name="batch"),
    path("drafts/batch/<slug:key>/submit/", bulk.batch_submit, name="batch-submit"),
    path("drafts/<int:pk>/bulk/", bulk.draft_bulk, name="draft-bulk"),
    path("drafts/<int:pk>/bulk/items/", bulk.draft_bulk_items, name="draft-bulk-items"),
    path("drafts/<int:pk>/batch-row/", bulk.batch_row, name="batch-row"),
    path("drafts/<int:pk>/", steps.draft_resume, name="draft-resume"),
    path("drafts/<int:pk>/rename/", drafts.draft_rename, name="draft-rename"),
    path("drafts/<int:pk>/clone/", drafts.draft_clone, name="draft-clone"),
    path("drafts/<int:pk>/delete/", drafts.draft_delete, name="draft-delete"),
    path("drafts/<int:pk>/restore/", drafts.draft_restore, name="draft-restore"),
    path("drafts/<int:pk>/export/", drafts.draft_export, name="draft-export"),
    path("drafts/<int:pk>/<step:step>/", step_pages.draft_step, name="draft-step"),
    path("drafts/<int:pk>/<step:step>/compare/", steps.compare, name="draft-compare"),
    path("drafts/<int:pk>/account/list/", account_step.draft_accounts, name="draft-accounts"),
    path("drafts/<int:pk>/data/items/", data_step.draft_items, name="draft-items"),
    path("drafts/<int:pk>/data/columns/", data_step.draft_columns, name="draft-columns"),
    path("drafts/<int:pk>/data/sample/", data_step.draft_sample, name="draft-sample"),
    path("drafts/<int:pk>/dataset/datasets/", dataset_step.draft_datasets, name="draft-datasets"),
    path("drafts/<int:pk>/dataset/schemas/", dataset_step.draft_schemas, name="draft-schemas"),
    path("drafts/<int:pk>/dataset/schema/", dataset_step.draft_schema, name="draft-schema"),
    path("drafts/<int:pk>/dataset/proposal/", dataset_step.draft_proposal, name="draft-proposal"),
    path("drafts/<int:pk>/mapping/editor/", mapping_step.draft_editor, name="draft-editor"),
    path(
        "drafts/<int:pk>/mapping/suggestions/",
        mapping_step.draft_suggestions,
        name="draft-suggestions",
    ),
    path("drafts/<int:pk>/mapping/validate/", mapping_step.draft_validate, name="draft-validate"),
    path("drafts/<int:pk>/mapping/preview/", mapping_step.draft_preview, name="draft-preview"),
    path(
        "drafts/<int:pk>/mapping/functions/", mapping_step.draft_functions, name="draft-functions"
    ),
    path(
        "drafts/<int:pk>/mapping/expression/",
        mapping_step.draft_expression,
        name="draft-expression",
    ),
    path("drafts/<int:pk>/mapping/csv/", mapping_step.draft_mapping_csv, name="draft-mapping-csv"),
    path(
        "drafts/<int:pk>/mapping/origins/",
        mapping_step.draft_mapping_origins,
        name="draft-mapping-origins",
    ),
    path(
        "drafts/<int:pk>/mapping/copy/", mapping_step.draft_mapping_copy, name="draft-mapping-copy"
    ),
    path(
        "drafts/<int:pk>/mapping/import/",
        mapping_step.draft_mapping_import,
        name="draft-mapping-import",
    ),
    path("drafts/<int:pk>/schedule/forecast/", schedule_step.draft_forecast, name="draft-forecast"),
    path("drafts/<int:pk>/schedule/delta/", schedule_step.draft_delta, name="draft-delta"),
    path("drafts/<int:pk>/review/findings/", review_step.draft_findings, name="draft-findings"),
    path("drafts/<int:pk>/review/curl/", review_step.draft_curl, name="draft-curl"),
    path(
        "drafts/<int:pk>/review/start-later/",
        review_step.draft_start_later,
        name="draft-start-later",
    ),
    path("orphans/", orphans.orphans, name="orphans"),
    path("orphans/search/", orphans.orphans_search, name="orphans-search"),
    path("orphans/remove/", orphans.orphans_remove, name="orphans-remove"),
    path("submissions/<int:pk>/", submissions.submission, name="submission"),
    path("submissions/<int:pk>/cancel/", submissions.submission_cancel, name="submission-cancel"),
    path(
        "submissions/<int:pk>/continue/",
        submissions.submission_continue,
        name="submission-continue",
    ),
    path("submissions/<int:pk>/undo/", submissions.submission_undo, name="submission-undo"),
    path("submissions/<int:pk>/tidy/", submissions.submission_tidy, name="submission-tidy"),
    path("submissions/<int:pk>/curl/", submissions.submission_curl, name="submission-curl"),
]
