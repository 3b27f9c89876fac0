import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.shapes import lay_grid, shapes_of
from tests.agents.storage_stand_in import Stations, shapes


def test_units_of_one_shape_are_valued_once():
    unit = shapes([0.1, 0.2, 0.1], [0.2, 0.2, 0.2])
    distinct, index = unit.distinct()
    assert len(distinct.charge) == 2
    assert distinct.charge[index].tolist() == [0.1, 0.2, 0.1]


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=20))
def test_grids_have_half_to_all_of_the_points_and_exact_charging_windows(pairs):
    charge, discharge = np.array(pairs).T
    unit = shapes(charge, discharge)
    members = []
    for block in lay_grid(unit, 64):
        members += block.members.tolist()
        assert (block.cells <= 64).all()
        assert (block.up <= block.cells).all()
        step = np.minimum(block.shapes.charge, 1.0)
        planned = (block.up + block.up_rest) / block.cells
        assert (planned <= step + 1e-9).all()
        assert (planned >= step - 1 / block.cells - 1e-9).all()
        assert ((block.down_rest >= 0) & (block.down_rest < 1)).all()
    assert sorted(members) == list(range(len(pairs)))


def test_a_shape_is_relative_to_the_usable_energy():
    fleet = Stations(power=1.0, energy=4.0, soc_min=0.25, soc_max=0.75, soc_end=0.5)
    shape, usable = shapes_of(fleet)
    assert usable.tolist() == [2e6]
    assert shape.charge.tolist() == pytest.approx([0.475])
    assert shape.discharge.tolist() == pytest.approx([1 / 0.95 / 2])
    assert (shape.dead.tolist(), shape.target.tolist()) == ([0.5], [0.5])
