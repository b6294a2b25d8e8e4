"""Every message has its handler, in one table."""

import inspect
import pkgutil
from importlib import import_module

from tangency import application
from tangency.application.answering import AnswerBatch
from tangency.application.backlog import Announcing
from tangency.application.idempotency import Creating
from tangency.application.message import Message
from tangency.application.service import AGAIN, HANDLERS


def test_every_message_has_one_handler_and_no_handler_is_for_nothing() -> None:
    found = pkgutil.walk_packages(application.__path__, "tangency.application.")
    modules = [import_module(each.name) for each in found]
    declared = {
        thing
        for module in modules
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, Message)
        and thing not in (Message, Announcing, Creating)
        and thing.__module__ == module.__name__
    }
    assert declared == set(HANDLERS)
    assert all(inspect.iscoroutinefunction(handler) for handler in HANDLERS.values())


def test_whatever_takes_a_key_is_answered_when_the_key_comes_again() -> None:
    assert {message for message in HANDLERS if issubclass(message, Creating)} == {*AGAIN, AnswerBatch}
