"""What the application's parts share: the state, the options, the API and the courier."""

from dataclasses import dataclass

from stripe_sandbox.api import Api
from stripe_sandbox.deliveries import Courier
from stripe_sandbox.door import Door
from stripe_sandbox.keys import Gate
from stripe_sandbox.options import Options
from stripe_sandbox.state.store import Store


@dataclass(frozen=True)
class Sandbox:
    """One running sandbox."""

    store: Store
    options: Options
    gate: Gate
    api: Api
    courier: Courier
    door: Door
