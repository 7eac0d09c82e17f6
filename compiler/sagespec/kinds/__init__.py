"""The kinds of manifests: everything that is true of one kind alone lives with it."""
