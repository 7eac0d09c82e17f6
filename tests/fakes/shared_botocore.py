"""What botocore works out anew for each session and each client is worked out once: it takes longer than most tests."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import botocore.session
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser, _PrefixTrie

botocore.session.create_loader = cache(botocore.session.create_loader)
"""Each of botocore's service models is read once, which takes longer than most tests: no session changes them."""


_load = ClientCreator._load_service_model
_models: dict[str, Any] = {}


def _model_once(self: ClientCreator, service_name: str, api_version: str | None = None) -> Any:
    if service_name not in _models:
        _models[service_name] = _load(self, service_name, api_version)
    return _models[service_name]


ClientCreator._load_service_model = _model_once
"""And what is worked out of it, the shapes of errors for one, once as well."""

_aliaser = EventAliaser.__init__
_aliases: dict[str, str] = {}


def _aliaser_that_shares(self: EventAliaser, *arguments: Any, **named: Any) -> None:
    _aliaser(self, *arguments, **named)
    self._alias_name_cache = _aliases


EventAliaser.__init__ = _aliaser_that_shares
"""The names of events mean the same to every client."""

_methods = ClientCreator._create_methods
_handlers = botocore.session.Session._register_builtin_handlers
_methods_of: dict[str, dict[str, Any]] = {}
_emitters: list[Any] = []


def _methods_once(self: ClientCreator, service_model: Any) -> dict[str, Any]:
    name = service_model.service_name
    if name not in _methods_of:
        _methods_of[name] = _methods(self, service_model)
    return dict(_methods_of[name])


def _handlers_once(self: Any, events: Any) -> None:
    if not _emitters:
        _handlers(self, events)
        _emitters.append(copy(self._original_handler))
    vars(self._original_handler).update(vars(copy(_emitters[0])))


ClientCreator._create_methods = _methods_once
botocore.session.Session._register_builtin_handlers = _handlers_once
"""So are the methods of each service's clients made once, and botocore's own handlers of its events registered."""


def _share(self: _PrefixTrie) -> _PrefixTrie:
    shared = _PrefixTrie()
    shared._root = self._root
    return shared


def _own(change: Callable[..., None]) -> Callable[..., None]:
    """The change of a trie, after what it changes has been copied: the nodes on the way to the key."""

    def changed(self: _PrefixTrie, key: str, *arguments: Any, **named: Any) -> None:
        node = self._root = dict(self._root)
        for part in key.split("."):
            children = node["children"] = dict(node["children"])
            if part not in children:
                break
            node = children[part] = dict(children[part])
            node["values"] = copy(node["values"])
        change(self, key, *arguments, **named)

    return changed


_PrefixTrie.__copy__ = _share
_PrefixTrie.append_item = _own(_PrefixTrie.append_item)
_PrefixTrie.remove_item = _own(_PrefixTrie.remove_item)
"""Copies of an emitter, one for each session and each client, share the thousands of handlers that are the same."""
