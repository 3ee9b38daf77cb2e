"""Settings: the command line before the config file before what was chosen in the app."""
