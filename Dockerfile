# One image for every role: `wattdog agent`, `wattdog meter`, `wattdog broker`. Nothing here depends on
# the architecture: what differs (the runtime and its libraries) is taken from the build stage.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node build.ts

# The image to be: the runtime, the libraries it names, the bundle, and no shell.
WORKDIR /image
RUN mkdir -p app etc data tmp usr/local/bin \
 && cp -R /build/dist/. app/ \
 && cp /build/package.json /build/LICENSE app/ \
 && cp "$(readlink -f "$(command -v node)")" usr/local/bin/node \
 && ldd usr/local/bin/node | grep -o '/[^ ]*' | xargs cp --parents --dereference -t . \
 && printf '#!/usr/local/bin/node\nimport "/app/wattdog.js";\n' > usr/local/bin/wattdog \
 && chmod 755 usr/local/bin/wattdog \
 && printf 'root:x:0:0::/:\nwattdog:x:99:100::/data:\n' > etc/passwd \
 && printf 'root:x:0:\ndialout:x:20:\nusers:x:100:\n' > etc/group \
 && chmod 1777 data tmp

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="wattdog" \
      org.opencontainers.image.description="Reads your electricity meter, publishes it, stores it, and brings back whatever froze." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /image/ /
# A small young generation costs a little CPU and saves 10 MB in each process.
ENV PATH=/usr/local/bin NODE_ENV=production WATTDOG_DATA=/data NODE_OPTIONS=--max-semi-space-size=1
# Started as root, it first gives its folders to this user, nobody:users on Unraid, and becomes it
# (cli/identity.ts). Started as anybody else, /data is writable for them too.
ENV PUID=99 PGID=100 UMASK=022
EXPOSE 1883 9288
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/wattdog"]
CMD ["--help"]
