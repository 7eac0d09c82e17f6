"""Completion in shells: the script that a shell reads once, and what it then asks."""

from __future__ import annotations

from sagespec.cli.arguments.complete import offers
from sagespec.cli.arguments.shells import SCRIPTS
from sagespec.cli.codes import Code
from sagespec.cli.commands.reference import CompletionArguments, OfferArguments
from sagespec.cli.terminal import print_result


def completion(given: CompletionArguments) -> Code:
    print_result(SCRIPTS[given.shell].removesuffix("\n"))
    return Code.FINE


def offer(given: OfferArguments) -> Code:
    for word, meaning in offers(given.words):
        print_result(f"{word}\t{meaning}" if meaning else word)
    return Code.FINE
