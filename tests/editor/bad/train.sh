#!/bin/sh
# An entry point that is not Python.
