"""The names of the acts in the audit that no system contract names: a verb and its object, as theirs are.

What was refused is named by what was lacking (`access/refusal_counts.py`). An entry keeps the name under which it was
written, since its hash is over it: those of older versions stand as `Replay`, `webhook.replay`, `retry ended` and
`discard ended`.
"""

from typing import Final

CREATE_KEY: Final = "CreateKey"
REVOKE_KEY: Final = "RevokeKey"
REPLAY_EVENTS: Final = "ReplayEvents"
"""Events are put in line again; in the audit of who sends them."""
FORGET_POSTED: Final = "ForgetPosted"
"""A webhook forgets what its endpoint has had, to post it again; in the audit of the webhook."""
END_OPERATION: Final = "EndOperation"
