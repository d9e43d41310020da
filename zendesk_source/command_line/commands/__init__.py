"""The subcommands of ``zendesk-source``, a module each."""
