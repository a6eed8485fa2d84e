"""The refund that a client's key stands for: the same key is the same refund, before and after a crash."""

from vivr.ids import OrderId, RefundId


def refund_id_for(subject_id: OrderId) -> RefundId:
    """The refund under the id that a request works under: the same letters, told apart by the prefix."""
    return RefundId(f"rfd_{subject_id.partition('_')[2]}")
