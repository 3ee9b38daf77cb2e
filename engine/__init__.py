"""rooftop's mathematics: from a model's config to ranked serving plans.

The package imports neither Textual nor ``tui``. It is one street of rooms, each importing only
from those before it (``tests/import_graph.py`` holds it)::

    words -> sources -> model -> hardware -> work -> serve -> plan, evidence -> cli

A number is predicted in one place, ``engine.serve.predict``; everything after it asks there.
"""

__version__ = "0.1.0"
