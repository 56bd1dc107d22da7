"""Google Cloud through its own Python clients; nothing else imports ``google.*``."""
