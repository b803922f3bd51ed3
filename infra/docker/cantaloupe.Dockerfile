# Cantaloupe as sluice wants it: S3 source by delegate, source cache with a short life, few threads.
#   docker build -f infra/docker/cantaloupe.Dockerfile -t sluice-cantaloupe infra/cantaloupe
FROM debian:bookworm-slim
ARG VERSION=5.0.6
# Grok is what JPEG 2000 was measured with; it also decodes HTJ2K.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl grokj2k-tools openjdk-17-jre-headless unzip \
    && curl --fail --location --silent --show-error --output /tmp/cantaloupe.zip \
       "https://github.com/cantaloupe-project/cantaloupe/releases/download/v${VERSION}/cantaloupe-${VERSION}.zip" \
    && unzip -q /tmp/cantaloupe.zip -d /opt && mv "/opt/cantaloupe-${VERSION}" /opt/cantaloupe \
    && rm -rf /tmp/cantaloupe.zip /var/lib/apt/lists/* \
    && useradd --uid 10002 --create-home cantaloupe && install -d -o cantaloupe /cache
COPY cantaloupe.properties delegates.rb /etc/cantaloupe/
USER cantaloupe
VOLUME /cache
EXPOSE 8182
ENV CANTALOUPE_HEAP=2g
HEALTHCHECK --interval=15s --timeout=10s --start-period=90s CMD \
    ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8182/health"]
# The heap is the ceiling that overload runs into: give it about 150 MB for each thread, see docs/thumbnails.md.
CMD ["sh", "-c", "exec java -Xms256m -Xmx${CANTALOUPE_HEAP} -Djava.awt.headless=true -Dcantaloupe.config=/etc/cantaloupe/cantaloupe.properties -jar /opt/cantaloupe/cantaloupe-*.jar"]
