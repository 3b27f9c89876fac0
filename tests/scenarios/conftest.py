"""What several tests of whole runs share."""

import pytest

from tests.scenarios.small_worlds import write_series


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """A directory with the series of the small worlds."""
    directory = tmp_path_factory.mktemp("series")
    write_series(directory)
    return directory
