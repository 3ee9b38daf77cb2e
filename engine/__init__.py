"""rooftop's mathematics: from a model's config to ranked serving plans.

The package imports neither Textual nor ``tui``. Data flows one way::

    config -> architecture -> operators -> roofline -> serving -> sweep -> plan
"""

__version__ = "0.1.0"
