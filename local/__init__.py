"""The whole system on one machine: real parts that come as wheels, started as children of one process."""
