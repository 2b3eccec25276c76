"""On the path of the processes of a storm only, so that Python reads its `sitecustomize` at their start."""
