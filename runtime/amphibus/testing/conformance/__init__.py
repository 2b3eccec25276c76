"""The facts that a transport must keep, as tests: `docs/transport.md` shows how another one is put to them.

`order`, `once`, `durability`, `requests`, `stopping`, `failures` and `limits` hold the facts, `suite` all of them.
"""

import pytest

# Before they are imported: it is pytest's own way to have their assertions say what was compared.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in ("order", "once", "durability", "requests", "stopping", "failures", "limits")
    )
)
