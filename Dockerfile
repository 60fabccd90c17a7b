# The image that runs deployments. The default target has the AWS CLI; `slim` leaves it out, for
# people whose commands are their own. docs/adr/0005-image.md says why it is made so.

# The published build pins it by digest: --build-arg BASE_IMAGE=debian:trixie-slim@sha256:...
ARG BASE_IMAGE=debian:trixie-slim
# The time of every file, so that the same sources make the same layers on any day.
ARG SOURCE_DATE_EPOCH=946684800


FROM ${BASE_IMAGE} AS scripts
WORKDIR /files
ARG SOURCE_DATE_EPOCH
COPY pipeline/image/apt-install usr/local/sbin/
COPY pipeline/image/entrypoint usr/local/bin/rolecall-entrypoint
# A builder that finds no file where it mounts its own makes one, and /etc gets the time of that.
RUN mkdir -p etc work && touch etc/hosts etc/hostname etc/resolv.conf \
  && chmod -R 755 . && chmod 644 etc/* && chmod 1777 work \
  && find . -exec touch --date="@$SOURCE_DATE_EPOCH" {} +


FROM ${BASE_IMAGE} AS build
WORKDIR /build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3-venv
ARG SOURCE_DATE_EPOCH
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python3 -m venv tools \
  && python3 -m venv --without-pip /opt/rolecall \
  && tools/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
    -r requirements/build.txt \
  && tools/bin/pip --python /opt/rolecall/bin/python install --no-cache-dir --no-compile \
    --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pipeline/image/aws-services.txt pipeline/image/trim.py trim/
RUN /opt/rolecall/bin/python -B trim/trim.py
COPY LICENSE README.md hatch_build.py pyproject.toml ./
COPY src src
# Bytecode that is not checked against its source: nobody edits it, and times don't matter.
RUN tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
  && tools/bin/pip --python /opt/rolecall/bin/python install --no-cache-dir --no-compile \
    --no-deps --no-index --find-links dist rolecall \
  && find /opt/rolecall/bin -mindepth 1 ! -name 'python*' ! -name rolecall -delete \
  && /opt/rolecall/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/rolecall/lib \
  && mkdir -p /files/opt /files/usr/local/bin \
  && mv /opt/rolecall /files/opt/ \
  && ln -s /opt/rolecall/bin/rolecall /files/usr/local/bin/ \
  && chmod -R go=u-w /files \
  && find /files -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +


# What both images have beside rolecall. tini reaps where rolecall does not.
FROM ${BASE_IMAGE} AS tools
ENV LANG=C.UTF-8
ARG SOURCE_DATE_EPOCH
COPY --from=scripts /files /
RUN apt-install bash ca-certificates curl git jq python3 tini unzip zip
WORKDIR /work
STOPSIGNAL SIGTERM
# By an absolute path, whatever PATH a container is given. No init above it: that would hold the
# variables of the container, the source's keys among them, for every command to read.
ENTRYPOINT ["/usr/local/bin/rolecall-entrypoint"]
LABEL org.opencontainers.image.title="rolecall" \
  org.opencontainers.image.description="The deployment step of a multi-account AWS pipeline" \
  org.opencontainers.image.licenses="Apache-2.0"


FROM tools AS slim
COPY --from=build /files /
RUN rolecall --version


FROM tools AS tools-aws
ARG SOURCE_DATE_EPOCH
RUN apt-install awscli
# There is no pager in the image, and nobody to page through a build's log.
ENV AWS_PAGER=""


FROM tools-aws AS rolecall
COPY --from=build /files /
RUN rolecall --version && aws --version
