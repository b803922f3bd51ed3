# Cantaloupe as sluice wants it: S3 source by delegate, source cache with a short life, few threads.
#   docker build -f infra/docker/cantaloupe.Dockerfile -t sluice-cantaloupe infra/cantaloupe
FROM eclipse-temurin:17-jre-jammy
ARG VERSION=5.0.6
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl unzip libopenjp2-tools \
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
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8182/health"]
# The heap is the ceiling that overload runs into: give it about 150 MB for each thread, see docs/thumbnails.md.
CMD ["sh", "-c", "exec java -Xms256m -Xmx${CANTALOUPE_HEAP} -Dcantaloupe.config=/etc/cantaloupe/cantaloupe.properties -jar /opt/cantaloupe/cantaloupe-*.jar"]
