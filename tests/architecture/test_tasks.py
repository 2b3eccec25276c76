"""No task dies unseen: what lives long stands under the supervisor, and each other task is listed with its end."""

import ast

from tests.architecture.tree import ROOT

_RUNTIME = ROOT / "runtime/amphibus"
_CALLS = {"create_task", "ensure_future"}

SHORT_LIVED = {
    "supervision.py": (1, "is the supervisor"),
    "partitions/leases.py": (
        2,
        "a notification, which is a hint; a drain, whose error the next round raises",
    ),
    "connections/listener.py": (2, "awaited where they are made; one connection each"),
    "gateway/outcomes/follower.py": (1, "ends when nobody waits; what fails is asked again"),
    "gateway/outcomes/waiting.py": (1, "awaited where they are made"),
    "integrations/bounded_session.py": (1, "a step of a session, awaited where it is made"),
    "integrations/line.py": (1, "some messages of one key; what fails is sent again"),
    "integrations/relay.py": (1, "a step of its end, awaited where it is made"),
    "host/ending.py": (1, "a step of the stop, awaited where it is made"),
    "host/sending/lost_messages.py": (1, "awaited where they are made"),
    "host/serve.py": (2, "awaited where they are made"),
    "host/http/server.py": (1, "its end ends the process"),
    "host/http/tls_listener.py": (1, "its end ends the server"),
    "inbox/runner.py": (2, "one message each"),
    "transports/direct/answering.py": (1, "one answer"),
    "transports/direct/connection.py": (1, "ends with its connection, which another one follows"),
    "transports/direct/deliveries.py": (1, "one message, until it is safe or recalled"),
    "transports/direct/peer.py": (1, "one attempt to connect, bounded"),
    "transports/memory.py": (1, "awaited where it is made"),
    "transports/rabbitmq/closing.py": (1, "the end of a connection, bounded"),
    "transports/rabbitmq/incoming/ack_window.py": (2, "some frames each"),
    "transports/rabbitmq/incoming/inbound.py": (1, "one answer"),
    "transports/rabbitmq/publish_channel.py": (2, "one frame, and until there is room"),
    "transports/rabbitmq/outgoing/destination.py": (1, "awaited where they are made"),
    "transports/rabbitmq/outgoing/marks.py": (
        1,
        "awaited where they are made, or watched by the connection, which ends with them",
    ),
    "transports/rabbitmq/outgoing/publisher.py": (
        3,
        "watched by the connection, which ends with them",
    ),
    "transports/requests.py": (1, "one answer"),
    "transports/rabbitmq/incoming/nets.py": (1, "one frame"),
    "transports/rabbitmq/liveness.py": (1, "watched by the connection, which ends with it"),
    "transports/rabbitmq/pulse.py": (2, "ends with its connection; one question"),
    "cli/run/shape.py": (2, "awaited by their shape, which ends with them"),
    "cli/run/supervisor.py": (3, "awaited where they are made"),
    "cli/send/amqp.py": (1, "awaited by its group"),
    "cli/send/http.py": (1, "awaited by its group"),
    "producer.py": (1, "awaited by its group"),
}
"""Where else tasks are made, how many, and why none need be begun again."""


def test_every_task_outside_the_supervisor_is_known_to_be_short_lived() -> None:
    """One that lives as long as its module or process is made by `Supervisor.task`."""
    made = {
        str(path.relative_to(_RUNTIME)): count
        for path in _RUNTIME.rglob("*.py")
        if not path.is_relative_to(_RUNTIME / "testing")
        if (count := sum(map(_makes_a_task, ast.walk(ast.parse(path.read_text())))))
    }

    assert made == {file: count for file, (count, _) in SHORT_LIVED.items()}


def _makes_a_task(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
    return name in _CALLS
