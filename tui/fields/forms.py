"""The forms as data: every field says how to read, write and step its part of the Scenario."""

from tui.fields.field import Field, cycle, fields_for, power_of_two_step
from tui.fields.hardware import HARDWARE
from tui.fields.workload import WORKLOAD

__all__ = ["HARDWARE", "WORKLOAD", "Field", "cycle", "fields_for", "power_of_two_step"]
