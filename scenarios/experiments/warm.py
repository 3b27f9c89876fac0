"""Imported once by the process that runs are forked from, so that no run has to import again."""

from agents import strategies
from market import key_figures, mechanisms
from scenarios.appraisals import appraisals
from scenarios.experiments.perform import perform
from scenarios.experiments.tasks import program

__all__ = ["perform"]

for registry in (strategies, key_figures, mechanisms, appraisals):
    registry.names()
program()
