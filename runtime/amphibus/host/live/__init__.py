"""Settings that change while a process runs: followed, taken in, given to the parts that keep numbers of their own."""
