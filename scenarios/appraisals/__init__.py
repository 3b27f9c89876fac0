"""What is asked of a finished run beyond its key figures: one question per file, found by name."""

from scenarios.appraisals.registry import Appraisal, appraisals

__all__ = ["Appraisal", "appraisals"]
