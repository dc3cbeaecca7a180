"""The code catalogue as data: key → (cause, whose turn, remedy). Read through ``codes.explain``."""

from __future__ import annotations

from typing import Final, Literal

from flowsite.saying import say

Turn = Literal["analyst", "ops", "admin", "adobe", "provider", "wait"]
Row = tuple[str, Turn, str]

_CREDENTIAL = say("Check the credential on the Credentials page and test it.")
_PERMISSION = say("Put the technical account into a role that grants it, in Adobe Admin Console.")
_REPORT = say("If it goes on, report it to Adobe with the request id.")
_RETRY = say("Wait and try again; if it goes on, report it to Adobe with the request id.")
_ACCOUNT = say("Test the account; correct its sign-in details if the test fails.")

BY_WORD: Final[dict[str, Row]] = {
    "invalid_client": (
        say("Adobe does not accept the client id or the client secret."),
        "admin",
        say("Compare both with the credential in Adobe Developer Console and save them again."),
    ),
    "invalid_scope": (
        say("The credential is not allowed to ask for these scopes."),
        "admin",
        say("Copy the list of scopes from the credential's page in Adobe Developer Console."),
    ),
    "unauthorized_client": (
        say("The credential is of another kind than OAuth server-to-server."),
        "admin",
        say("Create an OAuth server-to-server credential in Adobe Developer Console."),
    ),
    "invalid_request": (
        say("Adobe's sign-in service could not read the request for a token."),
        "admin",
        say("Check client id, secret, scopes and the IMS address of the credential."),
    ),
    "invalid_grant": (
        say("Adobe's sign-in service refuses this kind of sign-in."),
        "admin",
        say("Create an OAuth server-to-server credential in Adobe Developer Console."),
    ),
}

#: Gateway codes, and codes whose number means something else without the prefix. Number 0: any.
BY_PREFIX: Final[dict[tuple[str, int], Row]] = {
    ("", 403010): (say("The request carried no access token."), "admin", _CREDENTIAL),
    ("", 401013): (say("The access token is invalid or has ended."), "admin", _CREDENTIAL),
    ("", 403000): (say("The request carried no API key."), "admin", _CREDENTIAL),
    ("", 403003): (say("Adobe does not know the client id."), "admin", _CREDENTIAL),
    ("", 400003): (say("The request carried no organisation id."), "admin", _CREDENTIAL),
    ("", 403025): (
        say("The organisation or its product profile does not permit this API."),
        "admin",
        say("Add the Experience Platform API and a product profile to the credential."),
    ),
    ("", 403027): (say("Adobe can't tell the region of the account."), "admin", _CREDENTIAL),
    ("", 429050): (
        say("Too many requests in a short time."),
        "wait",
        say("Wait; it is sent again."),
    ),
    ("", 133): (
        say("The batch held no files: nothing new arrived in this window."),
        "wait",
        say("Nothing to do if the source had no new data."),
    ),
    ("CONNECTOR", 1001): (
        say("Copying from the source to the staging area failed."),
        "ops",
        say("Read the provider's message, test the account, then retry the run."),
    ),
    ("CONNECTOR", 2001): (
        say("Processing the copied data failed."),
        "ops",
        say("Look at mapping and schema for recent changes, then retry the run."),
    ),
    ("CONNECTOR", 3001): (
        say("AEP could not open a batch in the dataset."),
        "ops",
        say("Check that the dataset still exists, then retry the run."),
    ),
    ("CONNECTOR", 1403): (
        say("A dataflow that has started can't become a one-time dataflow."),
        "analyst",
        say("Create a new dataflow with frequency Once."),
    ),
    ("CONNECTOR", 1404): (
        say("Backfill can't be changed once the dataflow has started."),
        "analyst",
        say("Leave backfill as it is, or create a new dataflow."),
    ),
    ("CONNECTOR", 1401): (
        say("This action on a run is not supported."),
        "ops",
        say("Only failed batch runs of an enabled dataflow can be retried."),
    ),
    ("CONNECTOR", 0): (say("The source system refused or failed."), "provider", _ACCOUNT),
    ("INGEST", 1211): (
        say("Rows failed and error diagnostics is off, so AEP kept no details."),
        "analyst",
        say("Switch on error diagnostics for the dataflow."),
    ),
    ("INGEST", 1212): (
        say("Some rows could not be ingested."),
        "analyst",
        say("Open the row errors of the run and mend the data or the mapping."),
    ),
    ("INGEST", 1401): (
        say("A row is corrupt and could not be parsed."),
        "provider",
        say("Look at the raw row in the row errors; check format, delimiter and encoding."),
    ),
    ("INGEST", 1555): (
        say("A field that the schema requires is missing or empty."),
        "analyst",
        say("Map the field from a column that is always filled, or give it a default."),
    ),
    ("INGEST", 0): (
        say("Rows were refused while they were written to the data lake."),
        "analyst",
        say("Open the row errors of the run and mend the data or the mapping."),
    ),
    ("MAPPER", 3700): (
        say("The mapping failed for some values."),
        "analyst",
        say("Open the row errors, find the mapping row and correct its expression or type."),
    ),
    ("MAPPER", 0): (
        say("The mapping failed."),
        "analyst",
        say("Validate the mapping and correct the row that AEP names."),
    ),
    **{
        ("XDM", number): (
            say("The Schema Registry does not have this resource."),
            "analyst",
            say("Choose another schema; this one may have been deleted or be in another sandbox."),
        )
        for number in range(1010, 1018)
    },
    **{
        ("XDM", number): (
            say("The Accept header of the request is missing or wrong."),
            "adobe",
            _REPORT,
        )
        for number in range(1006, 1010)
    },
    **{
        ("XDM", number): (
            say("Own fields must lie under the organisation's tenant name."),
            "analyst",
            say("Move the fields under the tenant (_tenant.field) and try again."),
        )
        for number in range(1020, 1025)
    },
    ("XDM", 1521): (
        say("The title is already used by another schema, field group, class or data type."),
        "analyst",
        say("Choose another title, or use the existing resource."),
    ),
    ("XDM", 0): (
        say("The Schema Registry refused the resource."),
        "analyst",
        say("Read AEP's message and correct schema or field group."),
    ),
}

_ORG: Row = (say("AEP did not accept organisation or token."), "admin", _CREDENTIAL)
_SANDBOX: Row = (
    say("The sandbox does not exist, or the credential can't see it."),
    "admin",
    say("Check the sandbox in AEP and refresh the credential's list of sandboxes."),
)
_SANDBOX_FORM: Row = (
    say("The request did not name its sandbox as AEP wants it."),
    "admin",
    say("Check the credential's sandbox; server-to-server credentials need its name."),
)
_RIGHTS: Row = (say("The technical account lacks a permission."), "admin", _PERMISSION)
_ORDER: Row = (say("AEP can't sort the list this way."), "adobe", _REPORT)
_FILTER: Row = (say("AEP can't filter the list this way."), "adobe", _REPORT)
_STATE: Row = (
    say("The object is in a state that does not allow this."),
    "wait",
    say("Wait until the current change is finished, reload, and try again."),
)
_COLUMNS: Row = (
    say("AEP can't use this table, file or its columns."),
    "analyst",
    say("Go back to Add data, load the columns again and choose from them."),
)
_ROW_FILTER: Row = (
    say("The filter at the source is not valid for this source."),
    "analyst",
    say("Correct or remove the row filter."),
)
_SCHEDULE: Row = (
    say("The schedule is not allowed."),
    "analyst",
    say("Correct frequency, interval, start time or backfill under Scheduling."),
)
_DELTA: Row = (
    say("The column for incremental loads does not fit."),
    "analyst",
    say("Choose a selected date column under “Load incremental data by”."),
)
_RUN: Row = (
    say("A run can't be started this way."),
    "ops",
    say("Only an enabled one-time dataflow can be run on demand, with a valid window."),
)
_RETRY_RUN: Row = (
    say("The run can't be retried now."),
    "ops",
    say("Only failed batch runs of an enabled dataflow can be retried; enable it first."),
)
_UPSTREAM: Row = (say("A service behind AEP failed or did not answer."), "wait", _RETRY)

#: Flow Service and connector codes by their number.
BY_NUMBER: Final[dict[int, Row]] = {
    1100: (
        say("The organisation is not entitled to this."),
        "admin",
        say("Ask Adobe about the licence."),
    ),
    1102: _UPSTREAM,
    1103: _UPSTREAM,
    1104: _UPSTREAM,
    1304: (
        say("A required value is missing."),
        "analyst",
        say("Fill in the field that AEP names."),
    ),
    1306: (say("The target is not the data lake."), "adobe", _REPORT),
    1307: (say("The target is not the data lake."), "adobe", _REPORT),
    1308: (say("The source system refused or failed."), "provider", _ACCOUNT),
    1320: (say("A dataflow has exactly one source connection."), "adobe", _REPORT),
    1321: (say("A dataflow has exactly one target connection."), "adobe", _REPORT),
    **dict.fromkeys(range(1323, 1331), _COLUMNS),
    1331: (
        say("The column delimiter must be one character."),
        "analyst",
        say("Correct the delimiter under Add data."),
    ),
    1332: (say("This source allows no account here."), "analyst", say("Choose another account.")),
    1334: (
        say("AEP missed the name of the table, file or resource."),
        "analyst",
        say("Choose it again."),
    ),
    1336: (say("This source can't be browsed."), "analyst", say("Type table or resource by hand.")),
    1337: (
        say("AEP missed a value for the preview."),
        "analyst",
        say("Choose table or file again."),
    ),
    **dict.fromkeys(range(1349, 1358), _ROW_FILTER),
    1358: (say("AEP does not know this kind of object in the source."), "adobe", _REPORT),
    1360: (
        say("The start time is in the past."),
        "analyst",
        say("Choose a start some minutes ahead, in UTC."),
    ),
    1361: (say("A one-time dataflow has no interval."), "analyst", say("Remove the interval.")),
    1362: (
        say("The interval is too short."),
        "analyst",
        say("Choose at least 15 for minutes and 1 for the other frequencies."),
    ),
    1363: _SCHEDULE,
    1364: (say("A one-time dataflow has no backfill."), "analyst", say("Remove backfill.")),
    1365: _SCHEDULE,
    1366: (
        say("The start time can't change once the dataflow has started."),
        "analyst",
        say("Leave it, or create a new dataflow."),
    ),
    1367: (
        say("A recurring dataflow from tables needs a column for incremental loads."),
        "analyst",
        say("Choose a date column under “Load incremental data by”."),
    ),
    1369: (
        say("A one-time dataflow must not name a column for incremental loads."),
        "analyst",
        say("Clear “Load incremental data by”."),
    ),
    1370: (say("The dataflow has no mapping."), "analyst", say("Add at least one mapping row.")),
    1380: _RUN,
    1381: (say("The window ends before it starts."), "ops", say("Correct the window of the run.")),
    1382: _DELTA,
    1383: _DELTA,
    1384: _RUN,
    1385: _RUN,
    1386: (
        say("Only one-time dataflows can be run on demand."),
        "ops",
        say("Wait for the next scheduled run, or create a one-time dataflow."),
    ),
    1387: _RETRY_RUN,
    1388: _RETRY_RUN,
    1397: _SCHEDULE,
    1401: (say("AEP can't count and limit a list at once."), "adobe", _REPORT),
    1403: (
        say("The request did not say which version it changes."),
        "ops",
        say("Reload and try again."),
    ),
    1404: (
        say("The object was changed by somebody else in the meantime."),
        "wait",
        say("Reload; the change is made again on the new version."),
    ),
    1405: (say("The request was empty."), "adobe", _REPORT),
    1410: (say("A state must not be sent with a new dataflow."), "adobe", _REPORT),
    1412: (
        say("The version of the mapping is not valid."),
        "analyst",
        say("Save the mapping again so that the dataflow gets its newest version."),
    ),
    1413: (
        say("AEP does not offer this source or dataflow kind in the sandbox."),
        "admin",
        say("Check that the source is available in the sandbox."),
    ),
    1414: (say("The source of an account can't change."), "analyst", say("Create a new account.")),
    1415: (
        say("This way to sign in does not belong to the source."),
        "analyst",
        say("Choose one of the offered ways under New account."),
    ),
    1416: _STATE,
    1418: (
        say("The connection is used by dataflows."),
        "ops",
        say("Delete or disable the dataflows that use it first."),
    ),
    1419: (
        say("The mapping was refused: invalid, or a field may not be used."),
        "analyst",
        say("Validate the mapping; ask an admin about access labels on schema fields."),
    ),
    1420: _STATE,
    1421: _STATE,
    1422: (
        say("The dataflow is already in that state, or changing."),
        "wait",
        say("Reload; if it is still changing, wait a minute."),
    ),
    1424: _ORDER,
    1425: (
        say("Schema or version differ between mapping, dataset and target."),
        "analyst",
        say("Choose the dataset again so that all three use its schema."),
    ),
    1427: (
        say("This kind of token may not start runs."),
        "admin",
        say("Ask Adobe whether server-to-server credentials may start runs here."),
    ),
    1430: (
        say("The dataflow does not exist."),
        "ops",
        say("It may have been deleted in AEP; reload the list."),
    ),
    1432: _ORDER,
    1433: _ORDER,
    1434: (say("This kind of change is not supported."), "adobe", _REPORT),
    1439: (
        say("It does not exist, or an access label hides it."),
        "admin",
        say("Check in AEP whether it was deleted; if not, ask for access to its label."),
    ),
    1440: _FILTER,
    1443: _FILTER,
    1444: _STATE,
    1445: (
        say("The account is not enabled, so it can't change."),
        "ops",
        say("Create a new account, or enable this one in AEP."),
    ),
    1447: (
        say("Dataflows are still active on this object."),
        "ops",
        say("Disable or delete them first."),
    ),
    **dict.fromkeys(range(1448, 1455), _FILTER),
    **dict.fromkeys(range(1456, 1459), _STATE),
    2000: _ORG,
    2001: _ORG,
    2002: _ORG,
    2100: _SANDBOX,
    2101: _SANDBOX,
    2105: _SANDBOX_FORM,
    2110: _SANDBOX_FORM,
    2111: _SANDBOX_FORM,
    2114: _ORG,
    2115: _ORG,
    2118: _RIGHTS,
    2119: _RIGHTS,
    2120: (
        say("A permission is missing, or an access label protects the dataflow."),
        "admin",
        _PERMISSION,
    ),
    2121: _RIGHTS,
    2200: (say("The Catalog behind AEP failed."), "wait", _RETRY),
    2250: (say("Data Prep behind AEP failed."), "wait", _RETRY),
}

#: By HTTP status, and by its first digit where the status itself says nothing more.
BY_STATUS: Final[dict[int, Row]] = {
    400: (
        say("AEP refused the request."),
        "analyst",
        say("Read AEP's message and correct what it names."),
    ),
    401: (say("AEP did not accept the access token."), "admin", _CREDENTIAL),
    403: (say("The technical account lacks a permission."), "admin", _PERMISSION),
    404: (
        say("It does not exist, or an access label hides it."),
        "ops",
        say("Check in AEP; reload."),
    ),
    406: (say("The Accept header of the request is missing or wrong."), "adobe", _REPORT),
    408: (say("AEP waited too long for the request."), "wait", _RETRY),
    409: _STATE,
    410: (say("It has been deleted."), "ops", say("Reload the list.")),
    412: BY_NUMBER[1404],
    413: (say("The request is too large."), "analyst", say("Use fewer columns or mapping rows.")),
    414: (say("The request is too long."), "adobe", _REPORT),
    415: (say("AEP does not accept the form of the request."), "adobe", _REPORT),
    422: (say("A value is missing or wrong."), "analyst", say("Correct what AEP's message names.")),
    429: (say("Too many requests in a short time."), "wait", say("Wait; it is sent again.")),
    500: (say("AEP failed inside."), "wait", _RETRY),
    502: _UPSTREAM,
    503: (say("AEP is not available at the moment."), "wait", _RETRY),
    504: (say("AEP took too long to answer."), "wait", _RETRY),
    4: (
        say("AEP refused the request."),
        "analyst",
        say("Read AEP's message and correct what it names."),
    ),
    5: _UPSTREAM,
}
