"""Applications that are not built of modules, and take part in the shop; `docs/integrations.md` explains them."""
