# syntax=docker/dockerfile:1
# The image: the service alone, as an unprivileged user, without a shell. It needs DATABASE_URL (there is no PostgreSQL
# in it) and leaves the demo out.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY sim/Cargo.toml sim/
COPY bench/Cargo.toml bench/
COPY .sqlx .sqlx
COPY migrations migrations
COPY templates templates
COPY src src
# The workspace names the simulator, which only the demo uses, and the bench. Sources that do not compile replace theirs, so
# that a build that needs them fails.
RUN mkdir sim/src && echo 'compile_error!("the image leaves the demo out");' >sim/src/lib.rs
RUN mkdir bench/src && echo 'compile_error!("the image leaves the bench out");' >bench/src/main.rs
# .sqlx replaces a database. The caches stay with the builder, so the binary is copied out of the target folder. Cargo
# compares file times: without `touch`, sources older than the last build (another clone, another branch) would count as
# built.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    touch src/lib.rs src/main.rs \
    && cargo build --release --locked --no-default-features --bin icusync \
    && cp target/release/icusync /icusync

# glibc, certificates of the public authorities, a user without rights; nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /icusync /usr/local/bin/icusync
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/icusync/
# As a number, so that a platform that requires it can see that it is not root.
USER 65532:65532
# Metrics stay on the container's own loopback unless METRICS_BIND is set (see docs/self-hosting.md).
ENV BIND=0.0.0.0:8080
EXPOSE 8080
# The image has no curl, so the service checks itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/icusync", "healthcheck"]
# It drains: a running tool call may take 25 s more, and ending takes some time, so use `docker stop --time 45` instead of
# the default 10.
STOPSIGNAL SIGTERM
CMD ["/usr/local/bin/icusync", "serve"]
