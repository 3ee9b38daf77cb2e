"""The scenario that options describe: the options, and what they say."""
