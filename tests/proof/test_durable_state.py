"""The digest by which one end of a process stands for others: one for the same world, another one for any other."""

from proof.durable_state import durable_state
from proof.flows import FLOWS
from proof.world import World, open_world


async def _bought(world: World) -> str:
    world.clear()
    flow = FLOWS["full refund"]
    for step in flow.before:
        async with world.process():
            await step.act(world)
    return durable_state(world)


async def test_a_story_told_twice_leaves_one_state_whatever_its_ids_are(database_url: str) -> None:
    states = list[str]()
    for _ in range(2):
        async with open_world(database_url) as world:
            states.append(await _bought(world))
            world.clear()
    assert states[0] == states[1]


async def test_a_cent_a_second_or_an_event_more_is_another_state(database_url: str) -> None:
    async with open_world(database_url) as world:
        states = [await _bought(world)]
        kept = world.keep()
        for change in (
            "UPDATE orders SET payable_minor = payable_minor - 1",
            "UPDATE product SET stock_on_hand = stock_on_hand + 1",
            "DELETE FROM email_message",
        ):
            world.put_back(kept)
            world.janitor.execute(change)
            states.append(durable_state(world))
        world.put_back(kept)
        world.clock.advance(seconds=1)
        states.append(durable_state(world))
        world.put_back(kept)
        world.scene.acked.pop()
        states.append(durable_state(world))
        world.put_back(kept)
        world.box.store.connection.execute("DELETE FROM object WHERE kind = 'charge'")
        states.append(durable_state(world))
        world.put_back(kept)
        assert durable_state(world) == states[0]
        assert len(set(states)) == len(states)
        world.clear()
