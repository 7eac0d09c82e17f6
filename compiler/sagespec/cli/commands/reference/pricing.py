"""prices: the price file of AWS's own price list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sagespec.base.files import unwritable, write_whole
from sagespec.building.price_list import PriceList, PriceListError, price_file, read_price_list
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.reference import PricesArguments
from sagespec.cli.terminal import print_error, print_result


def prices(given: PricesArguments) -> Code:
    why = unwritable(given.out)
    if why:
        raise WrongUsage(f"--out {given.out}: {why}")
    try:
        text = price_file(lists_of(given.files), given.region)
    except PriceListError as error:
        print_error(error.message, error.hint)
        return Code.WRONG_USAGE
    if given.out is None:
        print_result(text.removesuffix("\n"))
    else:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(given.out, text)
        print_result(str(given.out))
    return Code.FINE


def lists_of(files: list[str]) -> Iterator[PriceList]:
    """Raises:
    PriceListError: a file cannot be read, or is not a price list.
    """
    for name in files:
        if name == "-":
            yield read_price_list(sys.stdin, "standard input")
            continue
        try:
            with Path(name).open(encoding="utf-8-sig", newline="") as file:
                yield read_price_list(file, name)
        except (OSError, UnicodeDecodeError) as error:
            raise PriceListError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
