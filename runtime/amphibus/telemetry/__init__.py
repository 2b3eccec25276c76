"""The signals of a process for its operators: log lines, metrics, health; never a payload."""
