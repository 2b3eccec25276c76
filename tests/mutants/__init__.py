"""Known defects, each put into a copy of the project to show that a test catches it: `./test --mutants`."""
