"""The one writer of a module's database: many units of work in one commit."""
