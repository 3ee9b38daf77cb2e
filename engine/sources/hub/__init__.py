"""The Hugging Face hub: a model's config.json by its id, never its code or its weights.

Importing this package is cheap; huggingface_hub is imported when something is asked of the hub.
"""

from engine.sources.hub.fetch import Fetched, fetch_config, remembered
from engine.sources.hub.reference import HubReference

__all__ = ["Fetched", "HubReference", "fetch_config", "remembered"]
