"""Policy experiments: many runs of one question, and their answer with error bars."""
