# Regulars as one image; what a container does is its command: `run sources`, `run reader`, `doctor` …
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/regulars
WORKDIR /src
# The locks before the code: a change of code does not fetch 60 packages again.
COPY requirements.lock requirements-build.lock ./
# The build backend goes into the stage's own Python, so that the image that runs does not carry it.
RUN /opt/regulars/bin/pip install --quiet --no-deps --require-hashes -r requirements.lock \
 && pip install --quiet --no-deps --require-hashes -r requirements-build.lock
COPY . .
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/regulars/bin/pip install --quiet --no-deps /wheels/*.whl

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/regulars regulars
COPY --from=build /opt/regulars /opt/regulars
# The starter playbook; a shop mounts its own folders over these two.
COPY --from=build /src/rules /app/rules
COPY --from=build /src/templates /app/templates
# REGULARS_HOME and REGULARS_MAILDIR default to .regulars in the working directory, which is not writable here.
ENV PATH=/opt/regulars/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    REGULARS_RULES=/app/rules REGULARS_TEMPLATES=/app/templates \
    REGULARS_HOME=/var/lib/regulars REGULARS_MAILDIR=/var/lib/regulars/mail
WORKDIR /var/lib/regulars
USER 10001
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 CMD ["regulars", "doctor"]
ENTRYPOINT ["regulars"]
CMD ["run"]
