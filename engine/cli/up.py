"""`sluice up`: the whole system on this machine, watched until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from engine.cli.output import seconds, show
from engine.cli.stop import Failed
from engine.env_file import ENV_FILE
from local.child import PartError
from local.interrupts import ended_by_signals
from local.system import Ports, System, Up

FOLDER = Path(".local")
OURS = ("ENGINE_", "PROCESSOR_", "IMAGE_SERVER_")
Port = int | None


def _port(part: str) -> Any:
    return typer.Option(min=1, max=65535, help=f"A fixed port for the {part}.", show_default="a free one")


def up(
    *,
    folder: Annotated[Path, typer.Option(help="Where everything that is kept lies.")] = FOLDER,
    port_postgres: Annotated[Port, _port("database")] = None,
    port_aws: Annotated[Port, _port("AWS emulator")] = None,
    port_processor: Annotated[Port, _port("processor")] = None,
    port_image_server: Annotated[Port, _port("image server")] = None,
    port_engine: Annotated[Port, _port("engine")] = None,
) -> None:
    """The whole system on this machine: database, S3, SQS and SNS, processor, image server, engine.

    Prints every address, starts again what dies, and stops all in order at Ctrl-C. What it stores is kept.
    Settings of the environment hold here too, all but addresses, buckets and queues.

    Examples:
      sluice up
      sluice up --port-engine 8080 --port-image-server 8182
      ENGINE_SLOTS=4 ENGINE_ALLOWED_NETWORKS=192.168.0.0/16 sluice up
      ENGINE_ENV_FILE=.local/env sluice ingest https://example.org/page.tif
    """
    ports = Ports(port_postgres, port_aws, port_processor, port_image_server, port_engine)
    asked = {name: value for name, value in os.environ.items() if name.startswith(OURS) and name != ENV_FILE}
    system = System(folder.resolve(), ports, tell=came_up, warn=warn, extra=asked)
    with ended_by_signals():
        try:
            system.start()
            show(f"\nAll up; Ctrl-C stops everything. In another terminal: export ENGINE_ENV_FILE={system.env_file}")
            system.watch()
        except KeyboardInterrupt:
            show("stopping …")
        except PartError as error:
            raise Failed(str(error)) from error
        finally:
            system.stop()
    show("all stopped")


def came_up(part: Up) -> None:
    """One line for a part that came up."""
    note = f"  [dim]{part.note}[/]" if part.note else ""
    show(f"[green]✓[/] {part.name:<13} {part.address:<44} [dim]{seconds(part.seconds):>7}[/]{note}")


def warn(text: str) -> None:
    """One line for something that a person should know of."""
    show(f"[yellow]![/] {escape(text)}")
