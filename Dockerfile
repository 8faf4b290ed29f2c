# Baton in a container. What the sandbox needs of `docker run` is in compose.yml, with the reasons.
FROM node:24-bookworm-slim

# bubblewrap, socat and ripgrep make the sandbox; git is for mirrors and workspaces; tini reaps the processes that
# agents leave behind (with `docker run --init` it does no harm).
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap ca-certificates git ripgrep socat tini \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY app.yml ./
COPY src ./src

# Not root: inside the sandbox an ordinary user has no capability left, and limits on processes hold.
RUN install -d -o node -g node -m 0700 /data
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data BATON_CONFIG=/etc/baton/baton.yml
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# node itself and not `npm start`, so that SIGTERM reaches Baton and it can hand live runs back.
ENTRYPOINT ["tini", "--"]
CMD ["node", "src/index.ts", "start"]
