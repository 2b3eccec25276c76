"""Every command of `amphibus`: its name, where it is, and its line in the help."""

from typing import Final

HELP: Final = "Business modules that talk through typed messages, in one process or over a broker."
EPILOGUE: Final = (
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 check found problems, "
    "4 something is unreachable, 5 timeout."
)
COMMANDS: Final = (
    ("new", "new.command:new", "Begin a project of your own in a new folder."),
    ("run", "run.command:run", "Start the modules: all in one process, unless told otherwise."),
    ("demo", "demo_command:demo", "Show the project at work, message by message."),
    ("send", "send.command:send", "Send a command, or a file of commands."),
    ("ask", "look.ask:ask", "Ask a query of a running shop."),
    ("token", "access.token:token", "Print a token for development on this machine."),
    ("console", "look.console:console", "Print an address of the console that lets in once."),
    ("ps", "look.ps:ps", "Show the processes of the system, and how each is now."),
    ("restart", "steer.restart:restart", "Restart the processes of one module, one by one."),
    ("pause", "steer.pause:pause", "Let a module handle nothing for a while; its senders keep."),
    ("resume", "steer.pause:resume", "Let a module go on that was paused."),
    ("modules", "look.modules:modules", "Show the messages that each module sends and receives."),
    ("check", "check.command:check", "Check all declarations; --fix rewrites the generated files."),
    (
        "upgrade",
        "upgrade.command:upgrade",
        "Bring the project to the Amphibus that is installed.",
    ),
    ("logs", "look.logs:logs", "Show the story of a flow across all modules."),
    ("tap", "look.tap:tap", "Show messages of all modules as they pass, and touch none."),
    ("replay", "dead.replay:replay", "Send a module's events again to one subscriber."),
    ("bench", "bench:bench", "Measure Amphibus beside what you could use instead."),
    ("probe", "look.probe:probe", "Ask a process here whether it is ready, for health checks."),
    ("version", "look.version:version", "Show the versions of Amphibus, Python and the libraries."),
    ("completion", "completion:completion", "Print a completion script for your shell."),
)
GROUPS: Final = (
    (
        "db",
        "Look after the modules' databases.",
        (
            ("create", "db.server:create", "Create schemas and roles on a database server."),
            ("status", "db.command:status", "Show how many messages each database holds."),
            ("upgrade", "db.command:upgrade", "Upgrade the databases to the newest version."),
            ("backup", "db.command:make_backup", "Copy all databases as they are at one moment."),
            ("restore", "db.command:restore_backup", "Put a backup in place, while nothing runs."),
        ),
    ),
    (
        "dead",
        "Look after dead letters: messages that used up their retries.",
        (
            ("list", "dead.command:list_dead", "List dead letters."),
            ("groups", "dead.groups:groups", "Count dead letters by what they died of."),
            ("show", "dead.command:show", "Show a dead letter: reason, traceback and payload."),
            ("retry", "dead.many:retry", "Retry dead letters, with all their attempts."),
            ("edit", "dead.command:edit", "Correct the payload of a dead letter."),
            ("discard", "dead.many:discard", "Discard dead letters; they are never handled."),
        ),
    ),
    (
        "operations",
        "Look after what goes on with many dead letters.",
        (
            ("list", "dead.operations:list_operations", "List operations."),
            ("show", "dead.operations:show", "Show how far one is, and what came of it."),
            ("stop", "dead.operations:stop", "Stop one; it may be resumed."),
            ("resume", "dead.operations:resume", "Let one go on with what is left."),
        ),
    ),
    (
        "webhooks",
        "Look after webhooks: endpoints of others that get events.",
        (
            (
                "replay",
                "webhooks.command:replay",
                "Post the events of a time to an endpoint again.",
            ),
        ),
    ),
    (
        "audit",
        "Read what operators did to the modules' stores.",
        (
            ("list", "look.audit:list_audit", "List what was done, by whom and why."),
            ("verify", "look.audit:verify", "Check that no entry was changed or taken out."),
        ),
    ),
    (
        "privacy",
        "Find what all modules keep of one person, and erase it.",
        (
            ("export", "privacy.command:export", "Print what is kept of a person, as JSON."),
            ("erase", "privacy.command:erase", "Replace what is personal, in every store."),
        ),
    ),
    (
        "keys",
        "Look after API keys, by which programs show the gateway who they are.",
        (
            ("create", "access.keys:create", "Make an API key, and print it once."),
            ("list", "access.keys:list_keys", "List the API keys."),
            ("revoke", "access.keys:revoke", "Revoke API keys, within 5 seconds everywhere."),
        ),
    ),
    (
        "processes",
        "Look after processes that have not ended: amphibus processes list orders --stuck",
        (
            ("list", "steer.processes:list_processes", "List the processes of a module."),
            ("show", "steer.processes:show", "Show where a process stands, and its way there."),
            ("cancel", "steer.hurry:cancel", "Cancel a process; what it did is undone."),
            ("expire", "steer.hurry:expire", "Let the deadline of a process run out now."),
        ),
    ),
    (
        "limits",
        "Limit a type of message while the system runs: amphibus limits list payments",
        (
            ("list", "steer.limits:list_limits", "List the limits that are in force, and whose."),
            ("set", "steer.limits:set_limit", "Limit a type of message to a module."),
            ("unset", "steer.limits:unset_limit", "Take back what was set for a type."),
        ),
    ),
    (
        "schedules",
        "Look after schedules: commands that modules get at certain times.",
        (
            ("list", "steer.schedules:list_schedules", "List schedules, each with its next time."),
            ("run", "steer.schedules:run", "Send the command of a schedule now."),
            ("pause", "steer.schedules:pause", "Let a schedule send nothing until it is resumed."),
            ("resume", "steer.schedules:resume", "Let a schedule go on that was paused."),
        ),
    ),
    (
        "broker",
        "Give each module a user at the broker, with no more rights than it needs.",
        (
            ("apply", "broker.command:apply", "Create users, rights and queues at the broker."),
            ("check", "broker.command:check", "Compare the broker with the front pages."),
            ("definitions", "broker.command:definitions", "Print definitions to import."),
        ),
    ),
    (
        "signatures",
        "Look after the keys that sign messages, for a broker that others run.",
        (
            ("create", "signatures.command:create", "Make the private key of a module."),
            ("switch", "signatures.command:switch", "Let a module sign with its new key."),
            ("list", "signatures.command:list_keys", "List whose signatures are known."),
        ),
    ),
    (
        "contracts",
        "Look at the contracts of messages.",
        (
            ("list", "look.contracts:list_contracts", "List contracts, with their receivers."),
            ("show", "look.contracts:show", "Show a contract as it is on the wire."),
            ("export", "look.export_contracts:export", "Export AsyncAPI, OpenAPI or JSON Schema."),
            ("check", "check.contracts:check", "Compare contracts with what was released."),
            ("lint", "check.lint:lint", "Check how contracts are named and built."),
            ("explain", "check.lint:explain", "Explain a rule of contracts."),
            (
                "readers",
                "look.readers:readers",
                "Show which fields of events their subscribers read.",
            ),
            (
                "personal-data",
                "look.personal_data:personal_data",
                "Show who receives which personal data, and why.",
            ),
        ),
    ),
    (
        "generate",
        "Write code that follows from declarations.",
        (
            (
                "repositories",
                "generate.command:repositories",
                "Write a repository for each table of a module.",
            ),
            ("client", "generate.client.command:client", "Write a typed client of the HTTP API."),
        ),
    ),
    (
        "export",
        "Export files that others need.",
        (
            ("image", "export.image:image", "Show or copy the files of a module's image."),
            (
                "secrets",
                "compose.passwords:export",
                "Make the passwords that compose.yaml asks for.",
            ),
            (
                "grafana",
                "export.grafana:grafana",
                "Export a dashboard, and alert rules for Prometheus.",
            ),
        ),
    ),
    (
        "add",
        "Add a module, a message, a handler or a process, with tests.",
        (
            ("module", "add.command:module", "Add a module."),
            ("command", "add.command:command", "Add a command, its route and its handler."),
            ("event", "add.command:event", "Add an event that a module publishes."),
            ("query", "add.command:query", "Add a query, its route and its handler."),
            ("handler", "add.command:handler", "Add a handler for another module's event."),
            ("process", "add.command:process", "Add a process with its messages and its table."),
        ),
    ),
    (
        "config",
        "Look at the configuration, and change settings while the system runs.",
        (
            ("show", "look.config:show", "Show every setting, its value and its origin."),
            ("explain", "configure.explain:explain", "Explain a setting: meaning, type, origin."),
            ("set", "configure.change:set_value", "Set a setting in all running processes."),
            ("unset", "configure.change:unset", "Undo `set`: files and environment hold again."),
            ("history", "configure.history:history", "List who set what, when and why."),
            ("rollback", "configure.change:rollback", "Set all again as it was at a revision."),
        ),
    ),
)
