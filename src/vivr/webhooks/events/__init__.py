"""One file per Stripe event: ``EVENT``, ``target(event)`` (what to read) and ``apply(tx, …)`` (what it means).

A target is a small value of its room that knows how to read itself (``webhooks.target``). The registry finds the files
and fails on a duplicate or a misnamed one; the list of subscribed events is read from it.
"""

from vivr.webhooks.events.registry import HANDLERS, SUBSCRIBED

__all__ = ["HANDLERS", "SUBSCRIBED"]
