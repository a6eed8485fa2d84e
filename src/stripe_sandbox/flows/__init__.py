"""The state machines of a payment, apart from HTTP.

Each function moves objects of one unit of work and emits the events of its sequence.
"""
