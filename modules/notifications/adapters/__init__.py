"""What the notifications module hands its mails to."""
