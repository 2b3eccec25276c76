"""`amphibus completion SHELL`: a script that completes commands and options."""

from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print a completion script for your shell.

    bash: amphibus completion bash > ~/.local/share/bash-completion/completions/amphibus
    zsh: amphibus completion zsh > a folder of $fpath, as _amphibus
    fish: amphibus completion fish > ~/.config/fish/completions/amphibus.fish

    Args:
        shell: The shell.
    """
    from amphibus.cli.main import application

    print(application().generate_completion(shell=shell))
