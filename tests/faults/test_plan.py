"""Plans follow from their seed, and leave nothing out."""

from tests.faults.plan import ANYWHERE, ON_POSTGRES, ON_SMALL_DISK, plan
from tests.faults.simulation import DAMAGES


def test_a_seed_gives_the_same_plan_again() -> None:
    one = plan(7, on_postgres=True, on_small_disk=True)
    assert plan(7, on_postgres=True, on_small_disk=True) == one
    assert plan(8, on_postgres=True, on_small_disk=True).lanes != one.lanes


def test_clients_send_the_same_wherever_they_are() -> None:
    bare = plan(7, on_postgres=False, on_small_disk=False)
    assert plan(7, on_postgres=True, on_small_disk=True).lanes == bare.lanes


def test_every_damage_comes_about_and_can_be_done() -> None:
    met = {
        damage.what
        for seed in range(1, 31)
        for damage in plan(seed, on_postgres=True, on_small_disk=True).damages
    }
    assert met == {*ANYWHERE, *ON_POSTGRES, *ON_SMALL_DISK} == set(DAMAGES)


def test_only_what_an_installation_has_breaks() -> None:
    met = {
        damage.what
        for seed in range(1, 31)
        for damage in plan(seed, on_postgres=False, on_small_disk=False).damages
    }
    assert met == set(ANYWHERE)
