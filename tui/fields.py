"""The forms as data: every field says how to read, write and step its part of the Scenario."""

from tui.field import Field, cycle, fields_for, power_of_two_step
from tui.hardware_fields import HARDWARE
from tui.workload_fields import WORKLOAD

__all__ = ["HARDWARE", "WORKLOAD", "Field", "cycle", "fields_for", "power_of_two_step"]
