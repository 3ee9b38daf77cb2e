"""Dialects: each reads the config.json keys of one family into an `Architecture`.

`index` says which module reads which ``model_type``; a module holds the family's traits as data
and one function ``read(keys) -> Architecture``.
"""
