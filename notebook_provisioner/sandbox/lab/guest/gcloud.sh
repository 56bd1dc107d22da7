#!/bin/bash
# Stands where gcloud is on an image: scripts look for it. It can do nothing, and says so.
echo "the lab has no gcloud" >&2
exit 1
