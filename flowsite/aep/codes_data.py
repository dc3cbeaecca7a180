"""The code catalogue as data: key → (cause, whose turn, remedy). Read through ``codes.explain``."""

from __future__ import annotations

from typing import Final, Literal

Turn = Literal["analyst", "ops", "admin", "adobe", "provider", "wait"]
Row = tuple[str, Turn, str]

_CREDENTIAL = "Check the credential on the Credentials page and test it."
_PERMISSION = "Put the technical account into a role that grants it, in Adobe Admin Console."
_REPORT = "If it goes on, report it to Adobe with the request id."
_RETRY = "Wait and try again; " + _REPORT[0].lower() + _REPORT[1:]
_ACCOUNT = "Test the account; correct its sign-in details if the test fails."

BY_WORD: Final[dict[str, Row]] = {
    "invalid_client": (
        "Adobe does not accept the client id or the client secret.",
        "admin",
        "Compare both with the credential in Adobe Developer Console and save them again.",
    ),
    "invalid_scope": (
        "The credential is not allowed to ask for these scopes.",
        "admin",
        "Copy the list of scopes from the credential's page in Adobe Developer Console.",
    ),
    "unauthorized_client": (
        "The credential is of another kind than OAuth server-to-server.",
        "admin",
        "Create an OAuth server-to-server credential in Adobe Developer Console.",
    ),
    "invalid_request": (
        "Adobe's sign-in service could not read the request for a token.",
        "admin",
        "Check client id, secret, scopes and the IMS address of the credential.",
    ),
    "invalid_grant": (
        "Adobe's sign-in service refuses this kind of sign-in.",
        "admin",
        "Create an OAuth server-to-server credential in Adobe Developer Console.",
    ),
}

#: Gateway codes, and codes whose number means something else without the prefix. Number 0: any.
BY_PREFIX: Final[dict[tuple[str, int], Row]] = {
    ("", 403010): ("The request carried no access token.", "admin", _CREDENTIAL),
    ("", 401013): ("The access token is invalid or has ended.", "admin", _CREDENTIAL),
    ("", 403000): ("The request carried no API key.", "admin", _CREDENTIAL),
    ("", 403003): ("Adobe does not know the client id.", "admin", _CREDENTIAL),
    ("", 400003): ("The request carried no organisation id.", "admin", _CREDENTIAL),
    ("", 403025): (
        "The organisation or its product profile does not permit this API.",
        "admin",
        "Add the Experience Platform API and a product profile to the credential.",
    ),
    ("", 403027): ("Adobe can't tell the region of the account.", "admin", _CREDENTIAL),
    ("", 429050): ("Too many requests in a short time.", "wait", "Wait; it is sent again."),
    ("", 133): (
        "The batch held no files: nothing new arrived in this window.",
        "wait",
        "Nothing to do if the source had no new data.",
    ),
    ("CONNECTOR", 1001): (
        "Copying from the source to the staging area failed.",
        "ops",
        "Read the provider's message, test the account, then retry the run.",
    ),
    ("CONNECTOR", 2001): (
        "Processing the copied data failed.",
        "ops",
        "Look at mapping and schema for recent changes, then retry the run.",
    ),
    ("CONNECTOR", 3001): (
        "AEP could not open a batch in the dataset.",
        "ops",
        "Check that the dataset still exists, then retry the run.",
    ),
    ("CONNECTOR", 1403): (
        "A dataflow that has started can't become a one-time dataflow.",
        "analyst",
        "Create a new dataflow with frequency Once.",
    ),
    ("CONNECTOR", 1404): (
        "Backfill can't be changed once the dataflow has started.",
        "analyst",
        "Leave backfill as it is, or create a new dataflow.",
    ),
    ("CONNECTOR", 1401): (
        "This action on a run is not supported.",
        "ops",
        "Only failed batch runs of an enabled dataflow can be retried.",
    ),
    ("CONNECTOR", 0): ("The source system refused or failed.", "provider", _ACCOUNT),
    ("INGEST", 1211): (
        "Rows failed and error diagnostics is off, so AEP kept no details.",
        "analyst",
        "Switch on error diagnostics for the dataflow.",
    ),
    ("INGEST", 1212): (
        "Some rows could not be ingested.",
        "analyst",
        "Open the row errors of the run and mend the data or the mapping.",
    ),
    ("INGEST", 1401): (
        "A row is corrupt and could not be parsed.",
        "provider",
        "Look at the raw row in the row errors; check format, delimiter and encoding.",
    ),
    ("INGEST", 1555): (
        "A field that the schema requires is missing or empty.",
        "analyst",
        "Map the field from a column that is always filled, or give it a default.",
    ),
    ("INGEST", 0): (
        "Rows were refused while they were written to the data lake.",
        "analyst",
        "Open the row errors of the run and mend the data or the mapping.",
    ),
    ("MAPPER", 3700): (
        "The mapping failed for some values.",
        "analyst",
        "Open the row errors, find the mapping row and correct its expression or type.",
    ),
    ("MAPPER", 0): (
        "The mapping failed.",
        "analyst",
        "Validate the mapping and correct the row that AEP names.",
    ),
    **{
        ("XDM", number): (
            "The Schema Registry does not have this resource.",
            "analyst",
            "Choose another schema; this one may have been deleted or be in another sandbox.",
        )
        for number in range(1010, 1018)
    },
    **{
        ("XDM", number): (
            "The Accept header of the request is missing or wrong.",
            "adobe",
            _REPORT,
        )
        for number in range(1006, 1010)
    },
    **{
        ("XDM", number): (
            "Own fields must lie under the organisation's tenant name.",
            "analyst",
            "Move the fields under the tenant (_tenant.field) and try again.",
        )
        for number in range(1020, 1025)
    },
    ("XDM", 1521): (
        "The title is already used by another schema, field group, class or data type.",
        "analyst",
        "Choose another title, or use the existing resource.",
    ),
    ("XDM", 0): (
        "The Schema Registry refused the resource.",
        "analyst",
        "Read AEP's message and correct schema or field group.",
    ),
}

_ORG: Row = ("AEP did not accept organisation or token.", "admin", _CREDENTIAL)
_SANDBOX: Row = (
    "The sandbox does not exist, or the credential can't see it.",
    "admin",
    "Check the sandbox in AEP and refresh the credential's list of sandboxes.",
)
_SANDBOX_FORM: Row = (
    "The request did not name its sandbox as AEP wants it.",
    "admin",
    "Check the credential's sandbox; server-to-server credentials need its name.",
)
_RIGHTS: Row = ("The technical account lacks a permission.", "admin", _PERMISSION)
_ORDER: Row = ("AEP can't sort the list this way.", "adobe", _REPORT)
_FILTER: Row = ("AEP can't filter the list this way.", "adobe", _REPORT)
_STATE: Row = (
    "The object is in a state that does not allow this.",
    "wait",
    "Wait until the current change is finished, reload, and try again.",
)
_COLUMNS: Row = (
    "AEP can't use this table, file or its columns.",
    "analyst",
    "Go back to Add data, load the columns again and choose from them.",
)
_ROW_FILTER: Row = (
    "The filter at the source is not valid for this source.",
    "analyst",
    "Correct or remove the row filter.",
)
_SCHEDULE: Row = (
    "The schedule is not allowed.",
    "analyst",
    "Correct frequency, interval, start time or backfill under Scheduling.",
)
_DELTA: Row = (
    "The column for incremental loads does not fit.",
    "analyst",
    "Choose a selected date column under “Load incremental data by”.",
)
_RUN: Row = (
    "A run can't be started this way.",
    "ops",
    "Only an enabled one-time dataflow can be run on demand, with a valid window.",
)
_RETRY_RUN: Row = (
    "The run can't be retried now.",
    "ops",
    "Only failed batch runs of an enabled dataflow can be retried; enable it first.",
)
_UPSTREAM: Row = ("A service behind AEP failed or did not answer.", "wait", _RETRY)

#: Flow Service and connector codes by their number.
BY_NUMBER: Final[dict[int, Row]] = {
    1100: ("The organisation is not entitled to this.", "admin", "Ask Adobe about the licence."),
    1102: _UPSTREAM,
    1103: _UPSTREAM,
    1104: _UPSTREAM,
    1304: ("A required value is missing.", "analyst", "Fill in the field that AEP names."),
    1306: ("The target is not the data lake.", "adobe", _REPORT),
    1307: ("The target is not the data lake.", "adobe", _REPORT),
    1308: ("The source system refused or failed.", "provider", _ACCOUNT),
    1320: ("A dataflow has exactly one source connection.", "adobe", _REPORT),
    1321: ("A dataflow has exactly one target connection.", "adobe", _REPORT),
    **dict.fromkeys(range(1323, 1331), _COLUMNS),
    1331: (
        "The column delimiter must be one character.",
        "analyst",
        "Correct the delimiter under Add data.",
    ),
    1332: ("This source allows no account here.", "analyst", "Choose another account."),
    1334: ("AEP missed the name of the table, file or resource.", "analyst", "Choose it again."),
    1336: ("This source can't be browsed.", "analyst", "Type table or resource by hand."),
    1337: ("AEP missed a value for the preview.", "analyst", "Choose table or file again."),
    **dict.fromkeys(range(1349, 1358), _ROW_FILTER),
    1358: ("AEP does not know this kind of object in the source.", "adobe", _REPORT),
    1360: (
        "The start time is in the past.",
        "analyst",
        "Choose a start some minutes ahead, in UTC.",
    ),
    1361: ("A one-time dataflow has no interval.", "analyst", "Remove the interval."),
    1362: (
        "The interval is too short.",
        "analyst",
        "Choose at least 15 for minutes and 1 for the other frequencies.",
    ),
    1363: _SCHEDULE,
    1364: ("A one-time dataflow has no backfill.", "analyst", "Remove backfill."),
    1365: _SCHEDULE,
    1366: (
        "The start time can't change once the dataflow has started.",
        "analyst",
        "Leave it, or create a new dataflow.",
    ),
    1367: (
        "A recurring dataflow from tables needs a column for incremental loads.",
        "analyst",
        "Choose a date column under “Load incremental data by”.",
    ),
    1369: (
        "A one-time dataflow must not name a column for incremental loads.",
        "analyst",
        "Clear “Load incremental data by”.",
    ),
    1370: ("The dataflow has no mapping.", "analyst", "Add at least one mapping row."),
    1380: _RUN,
    1381: ("The window ends before it starts.", "ops", "Correct the window of the run."),
    1382: _DELTA,
    1383: _DELTA,
    1384: _RUN,
    1385: _RUN,
    1386: (
        "Only one-time dataflows can be run on demand.",
        "ops",
        "Wait for the next scheduled run, or create a one-time dataflow.",
    ),
    1387: _RETRY_RUN,
    1388: _RETRY_RUN,
    1397: _SCHEDULE,
    1401: ("AEP can't count and limit a list at once.", "adobe", _REPORT),
    1403: ("The request did not say which version it changes.", "ops", "Reload and try again."),
    1404: (
        "The object was changed by somebody else in the meantime.",
        "wait",
        "Reload; the change is made again on the new version.",
    ),
    1405: ("The request was empty.", "adobe", _REPORT),
    1410: ("A state must not be sent with a new dataflow.", "adobe", _REPORT),
    1412: (
        "The version of the mapping is not valid.",
        "analyst",
        "Save the mapping again so that the dataflow gets its newest version.",
    ),
    1413: (
        "AEP does not offer this source or dataflow kind in the sandbox.",
        "admin",
        "Check that the source is available in the sandbox.",
    ),
    1414: ("The source of an account can't change.", "analyst", "Create a new account."),
    1415: (
        "This way to sign in does not belong to the source.",
        "analyst",
        "Choose one of the offered ways under New account.",
    ),
    1416: _STATE,
    1418: (
        "The connection is used by dataflows.",
        "ops",
        "Delete or disable the dataflows that use it first.",
    ),
    1419: (
        "The mapping was refused: invalid, or a field may not be used.",
        "analyst",
        "Validate the mapping; ask an admin about access labels on schema fields.",
    ),
    1420: _STATE,
    1421: _STATE,
    1422: (
        "The dataflow is already in that state, or changing.",
        "wait",
        "Reload; if it is still changing, wait a minute.",
    ),
    1424: _ORDER,
    1425: (
        "Schema or version differ between mapping, dataset and target.",
        "analyst",
        "Choose the dataset again so that all three use its schema.",
    ),
    1427: (
        "This kind of token may not start runs.",
        "admin",
        "Ask Adobe whether server-to-server credentials may start runs here.",
    ),
    1430: (
        "The dataflow does not exist.",
        "ops",
        "It may have been deleted in AEP; reload the list.",
    ),
    1432: _ORDER,
    1433: _ORDER,
    1434: ("This kind of change is not supported.", "adobe", _REPORT),
    1439: (
        "It does not exist, or an access label hides it.",
        "admin",
        "Check in AEP whether it was deleted; if not, ask for access to its label.",
    ),
    1440: _FILTER,
    1443: _FILTER,
    1444: _STATE,
    1445: (
        "The account is not enabled, so it can't change.",
        "ops",
        "Create a new account, or enable this one in AEP.",
    ),
    1447: (
        "Dataflows are still active on this object.",
        "ops",
        "Disable or delete them first.",
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
        "A permission is missing, or an access label protects the dataflow.",
        "admin",
        _PERMISSION,
    ),
    2121: _RIGHTS,
    2200: ("The Catalog behind AEP failed.", "wait", _RETRY),
    2250: ("Data Prep behind AEP failed.", "wait", _RETRY),
}

#: By HTTP status, and by its first digit where the status itself says nothing more.
BY_STATUS: Final[dict[int, Row]] = {
    400: ("AEP refused the request.", "analyst", "Read AEP's message and correct what it names."),
    401: ("AEP did not accept the access token.", "admin", _CREDENTIAL),
    403: ("The technical account lacks a permission.", "admin", _PERMISSION),
    404: ("It does not exist, or an access label hides it.", "ops", "Check in AEP; reload."),
    406: ("The Accept header of the request is missing or wrong.", "adobe", _REPORT),
    408: ("AEP waited too long for the request.", "wait", _RETRY),
    409: _STATE,
    410: ("It has been deleted.", "ops", "Reload the list."),
    412: BY_NUMBER[1404],
    413: ("The request is too large.", "analyst", "Use fewer columns or mapping rows."),
    414: ("The request is too long.", "adobe", _REPORT),
    415: ("AEP does not accept the form of the request.", "adobe", _REPORT),
    422: ("A value is missing or wrong.", "analyst", "Correct what AEP's message names."),
    429: ("Too many requests in a short time.", "wait", "Wait; it is sent again."),
    500: ("AEP failed inside.", "wait", _RETRY),
    502: _UPSTREAM,
    503: ("AEP is not available at the moment.", "wait", _RETRY),
    504: ("AEP took too long to answer.", "wait", _RETRY),
    4: ("AEP refused the request.", "analyst", "Read AEP's message and correct what it names."),
    5: _UPSTREAM,
}
