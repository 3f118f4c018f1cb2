# Two stages: wheels are built with compilers at hand, and run without them, as nobody in particular.
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/mailer && /opt/mailer/bin/pip install --no-cache-dir -r requirements/runtime.txt
COPY . .
RUN /opt/mailer/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/mailer mailer
# A volume mounted here takes over whose it is.
RUN install --directory --owner=mailer --group=mailer /var/lib/mailer/epoch
COPY --from=build /opt/mailer /opt/mailer
ENV PATH=/opt/mailer/bin:$PATH PYTHONUNBUFFERED=1
USER mailer
WORKDIR /var/lib/mailer
ENTRYPOINT ["mailer"]
CMD ["--help"]
