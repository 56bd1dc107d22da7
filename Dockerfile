# The scheduled job: nbp snapshots prune --due --yes, and nothing else that the project can do needs more than this.
#
#   docker build --build-arg PYTHON_IMAGE=docker.io/library/python:3.13-slim@sha256:DIGEST -t nbp-snapshots-prune .
#
# The base image has no default on purpose: look up the digest of the day, check it, and pass it on.
ARG PYTHON_IMAGE

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS build
ARG PYTHON_IMAGE
RUN case "$PYTHON_IMAGE" in \
      *@sha256:????????????????????????????????????????????????????????????????) ;; \
      *) echo "PYTHON_IMAGE must end in @sha256:DIGEST, and is: $PYTHON_IMAGE" >&2; exit 1 ;; \
    esac
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
RUN python -m venv /opt/nbp
COPY requirements/build.lock requirements/job.lock requirements/
RUN /opt/nbp/bin/pip install --no-deps --require-hashes -r requirements/job.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-deps --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY notebook_provisioner notebook_provisioner
COPY terraform terraform
COPY post_startup post_startup
COPY examples examples
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /wheel \
    && /opt/nbp/bin/pip install --no-deps --no-index /wheel/*.whl \
    && /opt/nbp/bin/pip uninstall --yes pip

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
COPY --from=build /opt/nbp /opt/nbp
# Journals and locks go to NBP_HOME; the lease and the log outlive the container.
ENV PATH=/opt/nbp/bin:$PATH NBP_HOME=/tmp/nbp PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /
ENTRYPOINT ["nbp"]
CMD ["snapshots", "prune", "--due", "--yes"]
