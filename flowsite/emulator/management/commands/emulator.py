"""``python manage.py emulator``: serves the emulator until it is told to stop."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from flowsite.emulator.app import create_app
from flowsite.emulator.config import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, EmulatorConfig
from flowsite.emulator.server import Clockwork, Server

#: With a speed above one, a start this far ahead is due at once: nobody waits for a demo.
DEMO_EARLY_START_S = 300
#: So long may requests in hand still take when the program is told to stop.
STOP_S = 5


class Command(BaseCommand):
    help = "Serve a local stand-in for Adobe Experience Platform."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
        parser.add_argument("--data", default=":memory:", help="data file; kept between starts")
        parser.add_argument(
            "--speed", type=float, default=1.0, help="divides the wait between two runs"
        )
        parser.add_argument("--client-id", default=DEMO_CLIENT_ID)
        parser.add_argument("--client-secret", default=DEMO_CLIENT_SECRET)
        parser.add_argument("--queued-s", type=float, default=1.0, help="a run waits this long")
        parser.add_argument("--running-s", type=float, default=3.0, help="a run takes this long")
        parser.add_argument("--latency-s", type=float, default=0.0)
        parser.add_argument("--explore-delay-s", type=float, default=0.0)
        parser.add_argument("--list-delay-s", type=float, default=0.0)
        parser.add_argument("--update-delay-s", type=float, default=0.0)
        parser.add_argument("--token-life-s", type=int, default=86_399)
        parser.add_argument("--rate-limit-per-s", type=float, default=None)
        parser.add_argument("--extra-tables", type=int, default=0)
        parser.add_argument(
            "--bulk-flows", type=int, default=0, help="a new data file gets so many dataflows"
        )
        parser.add_argument("--bulk-runs", type=int, default=0, help="and so many runs in all")
        parser.add_argument("--hostile", action="store_true", help="awkward objects, tiny pages")
        parser.add_argument("--control-token", default=None)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["speed"] <= 0:
            raise CommandError("--speed must be above 0.")
        data = options["data"]
        if data != ":memory:":
            Path(data).parent.mkdir(parents=True, exist_ok=True)
        emulator = create_app(data, config=_config(options))
        try:
            server = Server(emulator, options["host"], options["port"])
        except OSError as error:
            emulator.close()
            raise CommandError(
                f"Port {options['port']} on {options['host']} can't be used: {error.strerror}."
            ) from error
        self.stdout.write(f"Emulator on http://{options['host']}:{server.port}")
        self.stdout.flush()
        _serve(server)
        emulator.close()


def _config(options: dict[str, Any]) -> EmulatorConfig:
    names = (
        "client_id",
        "client_secret",
        "speed",
        "queued_s",
        "running_s",
        "latency_s",
        "explore_delay_s",
        "list_delay_s",
        "update_delay_s",
        "token_life_s",
        "rate_limit_per_s",
        "extra_tables",
        "control_token",
        "bulk_flows",
        "bulk_runs",
    )
    config = EmulatorConfig(
        **{name: options[name] for name in names},
        early_start_s=DEMO_EARLY_START_S if options["speed"] > 1 else 0,
    )
    return config.made_hostile() if options["hostile"] else config


def _serve(server: Server) -> None:
    """Until SIGTERM or Ctrl-C."""

    def stop(_signal: int, _frame: Any) -> None:
        # Not from this thread: shutdown waits for the loop that this thread is running.
        threading.Thread(target=server.shutdown, daemon=True).start()

    previous = {name: signal.signal(name, stop) for name in (signal.SIGTERM, signal.SIGINT)}
    clockwork = Clockwork(server.emulator)
    clockwork.start()
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        clockwork.stop()
        server.server_close()
        server.wait_for_rest(STOP_S)
        for name, handler in previous.items():
            signal.signal(name, handler)
