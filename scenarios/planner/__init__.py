"""The planner: the best schedule of a run's physical system that perfect foresight allows."""
