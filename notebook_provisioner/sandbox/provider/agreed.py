"""What Terraform, the mirror and the provider's process agree on; importing it loads nothing else."""

from typing import Final

PROVIDER_VERSION: Final = "8.7.0"
"""The release of hashicorp/google whose schema is served (schema/origin.json says the same)."""

MAGIC_COOKIE: Final = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
"""Not a secret: HashiCorp's constant, by which a plugin knows that Terraform has started it."""

TLS_DIRECTORY_VARIABLE: Final = "NBP_PROVIDER_TLS"
CERTIFICATE_FILE: Final = "certificate.pem"
KEY_FILE: Final = "key.pem"

LIFELINE_VARIABLE: Final = "NBP_PROVIDER_LIFELINE_FD"
"""The pipe whose end-of-file says that nobody needs the provider; without it, Terraform has started it."""
