"""What Terraform runs: ``python -m notebook_provisioner.sandbox.provider``."""

import sys

from notebook_provisioner.sandbox.provider.serve import main

if __name__ == "__main__":
    sys.exit(main())
