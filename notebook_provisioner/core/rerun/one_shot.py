"""A startup script that runs a notebook's post-startup script once: for where nothing else does it.

Compute Engine runs it as root at every boot, after c2d-startup, so it remembers on the boot disk that it ran.
"""

from urllib.parse import quote

from notebook_provisioner.core.post_startup.quoting import shell_form

STARTUP_KEY = "startup-script"

_SCRIPT = """#!/bin/bash
# Written by nbp post-startup rerun, and taken away by it again. Runs {uri} once.
set -Eeuo pipefail
umask 077
main() {{
  local folder=/var/lib/notebook-provisioner url={url} sha256={sha256} run={run} answer token
  mkdir -p "${{folder}}"
  [[ ! -e ${{folder}}/rerun-${{run}} ]] || return 0
  answer=$(curl --silent --show-error --fail --retry 5 --header 'Metadata-Flavor: Google' \\
    http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token)
  token=${{answer#*\\"access_token\\":\\"}}
  curl --silent --show-error --fail --retry 5 --output "${{folder}}/rerun.sh" \\
    --header @- "${{url}}" <<<"Authorization: Bearer ${{token%%\\"*}}"
  sha256sum --check --quiet <<<"${{sha256}}  ${{folder}}/rerun.sh"
  : >"${{folder}}/rerun-${{run}}"
  bash "${{folder}}/rerun.sh"
}}
main "$@"
"""


def one_shot(uri: str, sha256: str, run: str, *, storage: str) -> str:
    """The startup script.

    Args:
        uri: ``gs://BUCKET/OBJECT`` of the post-startup script.
        sha256: Its digest; another content is not run.
        run: Tells one re-run from another: a boot that it has already run at does nothing.
        storage: Where Cloud Storage's JSON API answers the notebook.
    """
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    url = f"{storage}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    return _SCRIPT.format(
        uri=quote(uri, safe="/:"), url=shell_form(url), sha256=shell_form(sha256), run=shell_form(run)
    )
