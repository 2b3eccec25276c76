"""`amphibus new`: a project of one's own, as a maintainer would have begun it."""
