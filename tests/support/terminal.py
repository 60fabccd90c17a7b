"""Types into a shell at a terminal, as a person who presses TAB does."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from support import needs

_PROMPT = "at-the-prompt:"
_PATIENCE = 60.0
# Each makes ^X^X write the line as it stands to $LINE and end, ^X^A put every completion into it.
_SHELLS: Mapping[str, tuple[Sequence[str], str]] = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        r"""
        bind '"\C-x\C-a": insert-completions'
        bind -x '"\C-x\C-x": printf %s "$READLINE_LINE" > "$LINE"; kill -9 $$'
        source <(rolecall completion bash)
        """,
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        r"""
        autoload -U compinit; compinit -u -D
        told() { printf %s "$BUFFER" > "$LINE"; kill -9 $$; }; zle -N told; bindkey '^X^X' told
        zle -C all complete-word _generic; bindkey '^X^A' all
        zstyle ':completion:all::::' completer _all_matches _complete
        zstyle ':completion:all:*' insert yes
        eval "$(rolecall completion zsh)"
        """,
    ),
}
ALL, TAB = "\x18\x01", "\t"
_TOLD = "\x18\x18"


def typed(shell: str, keys: str, *, folder: Path, environ: Mapping[str, str]) -> str:
    """The line that stands there once the keys are pressed."""
    argv, setup = _SHELLS[shell]
    line, start = folder / "line", folder / "setup"
    start.write_text(setup)
    ours, theirs = needs.open_terminal()
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env={**environ, "LINE": str(line), "PS1": "", "TERM": "xterm", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        # In two parts, so that the echo of it is no prompt.
        _send(ours, ". ./setup; PS1='at-the-''prompt:'\n")
        _await(ours, _PROMPT)
        _send(ours, keys + _TOLD)
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            _read(ours)
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)
        os.close(theirs)
    return line.read_text()


def _send(terminal: int, text: str) -> None:
    os.write(terminal, text.encode())


def _await(terminal: int, text: str) -> None:
    seen, deadline = "", time.monotonic() + _PATIENCE
    while text not in seen:
        assert time.monotonic() < deadline, seen
        seen += _read(terminal)


def _read(terminal: int) -> str:
    ready, _, _ = select.select([terminal], [], [], 0.1)
    return os.read(terminal, 65_536).decode(errors="replace") if ready else ""
