"""The handshake of a process: its contracts beside those of live processes, and beside the messages in its stores."""
