"""The screens: what each of them shows."""
