"""For which version of an engine a launch is written."""

from __future__ import annotations

import re

from engine.hardware.builds import formers
from engine.hardware.launch_table import LaunchTable, version_number
from engine.plan.launch.remark import Note
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_WITHIN = re.compile(r"\d+(?:\.\d+){1,3}$", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d+){0,3}")


def refuse_version(table: LaunchTable, engine: str, version: str) -> None:
    """Raise `InputError` for a version of which nothing was read."""
    if not version:
        return
    oldest, newest = version_number(table.oldest), version_number(table.version)
    if not _NUMBER.fullmatch(version) or not (oldest <= version_number(version) <= newest):
        known = (
            table.version
            if oldest == newest
            else say("{oldest} to {newest}", oldest=table.oldest, newest=table.version)
        )
        raise InputError(
            say(
                "version {version!r} of {engine}: expected {known}, whose options were read",
                version=clean(version, 40),
                engine=engine,
                known=known,
            )
        )


def launched_version(
    prepared: Prepared, scenario: Scenario, table: LaunchTable, version: str
) -> tuple[str, tuple[Note, ...]]:
    """The version to write options of: the one asked for, else that of the build that was
    predicted, as far as its options were read; and what is to be said where they were not."""
    if version:
        return version, ()
    engine = prepared.framework
    build, name = scenario.settings.build, engine.name
    if engine.id in {one.id for one in formers()}:
        # What a profile of former builds says of its version, as 0.5.3 to 0.5.5.
        build = (*_WITHIN.findall(engine.version), build)[0]
    if not build:
        return "", ()
    if not _NUMBER.fullmatch(build):
        return "", (
            Note(
                say(
                    "the build {build} of {engine}: its version is not known; options are "
                    "of {version}",
                    build=build,
                    engine=name,
                    version=table.version,
                )
            ),
        )
    number = version_number(build)
    if number < version_number(table.oldest):
        return table.oldest, (
            Note(
                say(
                    "the build {build} of {engine}: options were read from {version} on, "
                    "which are written",
                    build=build,
                    engine=name,
                    version=table.oldest,
                )
            ),
        )
    if number > version_number(table.version):
        return "", (
            Note(
                say(
                    "the build {build} of {engine}: options were read up to {version}, "
                    "which are written",
                    build=build,
                    engine=name,
                    version=table.version,
                )
            ),
        )
    return build, ()
