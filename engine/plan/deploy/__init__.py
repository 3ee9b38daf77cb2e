"""Deployments: a launch as the files of one kind."""
