# jobrig in a container: docker build -t jobrig . && docker run --rm -v "$PWD:/work" -w /work jobrig check -- ./my-agent
FROM node:22-bookworm-slim
WORKDIR /opt/jobrig
COPY . .
RUN npm ci && npm link && npm cache clean --force
ENTRYPOINT ["jobrig"]
