"""The adapters that the notifications module hands its mails to."""
