"""What is run: scenario files, the simulation, the command line."""
