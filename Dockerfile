FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libhiredis-dev libpq-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src

# A layer of its own: the dependencies are fetched again only when the manifest changes.
COPY Package.* ./
RUN swift package resolve

COPY . .
RUN swift build -c release --product queue-worker --static-swift-stdlib \
    && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/queue-worker" /out/queue-worker

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libhiredis0.14 libpq5 tzdata \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/queue-worker /usr/local/bin/queue-worker
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/queue-worker"]
CMD ["run"]
