"""The review app, where annotators clean a build."""
