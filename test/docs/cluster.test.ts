/**
 * docs/cluster.md and the examples of fixtures/cluster: every command of jobrig's in them is one that jobrig takes, with its values, and
 * the parts of an example fit together.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAllDocuments, parse } from 'yaml';
import { certsCommand } from '../../cli/certs.ts';
import { partOf } from '../../cli/serve-role.ts';
import { serveCommand } from '../../cli/serve.ts';
import { storeCommand } from '../../cli/store.ts';

const page = readFileSync('docs/cluster.md', 'utf8');
const example = (name: string): string => readFileSync(join('fixtures/cluster', name), 'utf8');

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: object;
}
interface ComposeService {
  readonly image: string;
  readonly command?: string;
  readonly hostname?: string;
  readonly depends_on?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: readonly string[];
}
const compose = parse(example('compose.yaml'), { merge: true }) as Compose;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceName?: string;
    readonly replicas?: number;
    readonly selector: object & { readonly matchLabels?: object };
    readonly ports?: readonly { readonly name: string; readonly port: number }[];
    readonly template?: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe?: { readonly tcpSocket: { readonly port: number } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: number } };
}
const documents = parseAllDocuments(example('kubernetes.yaml'));
const manifests = documents.map((document) => document.toJS() as Manifest);
const sets = manifests.filter(({ kind }) => kind === 'StatefulSet');

const verbs: Readonly<Record<string, () => Command>> = {
  serve: () => serveCommand(() => {}),
  certs: certsCommand,
  store: storeCommand,
};

/** The flags that a command line sets, which is not run. @throws what jobrig would complain of */
function flagsOf(line: string): Readonly<Record<string, unknown>> {
  const [verb = '', ...words] = line.trim().split(/\s+/);
  const make = verbs[verb];
  if (make === undefined) throw new Error(`jobrig ${verb} is not known here`);
  const top = make();
  const command = top.commands.find((each) => each.name() === words[0]) ?? top;
  for (const each of [top, command]) each.exitOverride().configureOutput({ writeErr: () => {} });
  command.action(() => {});
  top.parse(words, { from: 'user' });
  return command.opts();
}

function check(line: string): Readonly<Record<string, unknown>> {
  const flags = flagsOf(line);
  if (line.startsWith('serve')) partOf(flags as unknown as Parameters<typeof partOf>[0]);
  return flags;
}

function replicasOf(name: string): number | undefined {
  return sets.find(({ metadata }) => metadata.name === name)!.spec.replicas;
}

/** As a shell would leave it in the first pod. */
function ofFirstPod(args: readonly string[]): string {
  return args
    .join(' ')
    .replace(/^exec jobrig /, '')
    .replace(/\$\(\([^)]*\)\)/, '1')
    .replace(/"\$\(hostname\)([^"]*)"/, 'pod-0$1');
}

const linesOfPage = [...page.matchAll(/^\s*npx jobrig (.*)$/gm)].map(([, line]) => line!);
const linesOfCompose = Object.values(compose.services).flatMap(({ command }) => command ?? []);
const linesOfKubernetes = sets.flatMap(({ spec }) =>
  spec.template!.spec.containers.map(({ args }) => ofFirstPod(args)),
);

afterEach(() => void vi.restoreAllMocks());

describe('commands', () => {
  it.each([...linesOfPage, ...linesOfCompose, ...linesOfKubernetes])('jobrig takes: %s', (line) => {
    expect(() => check(line)).not.toThrow();
  });

  it('are found everywhere, and a wrong one would be', () => {
    expect([linesOfPage.length > 5, linesOfCompose.length, linesOfKubernetes.length]).toEqual([true, 4, 2]);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const wrong of [
      'serve --role engine',
      'serve --rol door',
      'serve --role door --join x',
      'store copy a',
      'sell',
    ])
      expect(() => check(wrong), wrong).toThrow();
  });

  it('every other flag that the page names is one of serve', () => {
    const help = serveCommand(() => {}).helpInformation() + storeCommand().commands[0]!.helpInformation();
    for (const [, flag] of page.matchAll(/`(--[a-z-]+)[^`]*`/g)) expect(help).toContain(`${flag} `);
  });
});

describe('what the examples give besides flags', () => {
  const help = serveCommand(() => {}).helpInformation();
  const parts = Object.entries(compose.services).filter(([, { command }]) => command !== undefined);

  it('is environment that serve says it reads', () => {
    const ofCompose = parts.flatMap(([, { environment = [] }]) => environment);
    const ofKubernetes = [...example('kubernetes.yaml').matchAll(/--from-literal=([A-Z_]+)=/g)].map(
      ([, name]) => name!,
    );
    for (const names of [ofCompose, ofKubernetes]) {
      expect([...new Set(names)].sort()).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'PGPASSWORD']);
      for (const name of names) expect(help).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('is a directory that is mounted where --data-dir says', () => {
    for (const [name, { command = '', volumes = [] }] of parts) {
      const { dataDir } = check(command);
      expect(
        volumes.map((volume) => volume.split(':')[1]),
        name,
      ).toContain(dataDir);
    }
    for (const { spec } of sets) {
      const [{ args, volumeMounts }] = spec.template!.spec.containers as [Container];
      expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual([check(ofFirstPod(args))['dataDir']]);
    }
  });

  it('is a port that a flag opens, for each that a container names', () => {
    for (const { spec } of sets) {
      const [{ args, ports, livenessProbe, readinessProbe }] = spec.template!.spec.containers as [Container];
      const flags = check(ofFirstPod(args));
      const { listen } = flags as { readonly listen: { readonly port: number } };
      const open = { link: listen.port, http: flags['httpPort'], https: flags['httpsPort'], mqtts: flags['mqttsPort'] };
      for (const { name, containerPort } of ports) expect(open).toHaveProperty(name, containerPort);
      const probed = livenessProbe?.tcpSocket.port ?? readinessProbe?.httpGet.port;
      expect(probed).toBe(open.http);
    }
  });
});

describe('the Compose file', () => {
  it('names its parts as they name each other, and no image', () => {
    const { services, volumes } = compose;
    for (const [
      name,
      { image, hostname, command = '', depends_on: needed = [], volumes: mounts = [] },
    ] of Object.entries(services)) {
      expect(image).toMatch(/^\$\{[A-Z]+_IMAGE:\?[^}]+\}$/);
      for (const other of needed) expect(services).toHaveProperty(other);
      for (const mount of mounts) if (!mount.startsWith('.')) expect(volumes).toHaveProperty(mount.split(':')[0]!);
      if (command === '') continue;
      expect(hostname).toBe(name);
      const { listen, join: engines = [] } = check(command) as {
        readonly listen: { readonly host: string };
        readonly join?: readonly { readonly host: string; readonly port: number }[];
      };
      expect(listen.host).toBe(name);
      for (const { host, port } of engines) expect(services[host]!.command).toContain(`--listen ${host}:${port}`);
    }
  });

  it('has as many doors as its engines have, each with a number of its own, all behind HAProxy', () => {
    const lines = linesOfCompose.map(check);
    const doors = lines.filter(({ role }) => role === 'door').map(({ door }) => door);
    expect(doors).toEqual([1, 2]);
    for (const { doors: count } of lines.filter(({ role }) => role === 'engine')) expect(count).toBe(doors.length);
    const servers = [...example('haproxy.cfg').matchAll(/^ {4}server (\S+) (\S+):(\d+) check port (\d+)$/gm)];
    expect(servers.map(([, name]) => name)).toEqual(['door-1', 'door-2', 'door-1', 'door-2']);
    for (const [, name, host, port, health] of servers) {
      expect(host).toBe(name);
      expect(compose.services[host!]!.command).toMatch(new RegExp(`--(?:mqtts|https)-port ${port}\\b`));
      expect(compose.services[host!]!.command).toContain(`--http-port ${health}`);
    }
  });
});

describe('the Kubernetes manifests', () => {
  it('are YAML without a fault', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(manifests.map(({ kind }) => kind)).toEqual(['Service', 'StatefulSet', 'Service', 'StatefulSet', 'Service']);
  });

  it.each(sets)('fit together: $metadata.name', ({ metadata, spec }) => {
    const { template, selector, serviceName, replicas } = spec;
    expect(template!.metadata.labels).toEqual(selector.matchLabels);
    const [container] = template!.spec.containers;
    expect(container!.image).toBe('JOBRIG_IMAGE');
    for (const { name } of container!.volumeMounts)
      expect(template!.spec.volumes.map((each) => each.name)).toContain(name);
    const headless = manifests.find(({ kind, metadata: { name } }) => kind === 'Service' && name === serviceName)!;
    expect(headless.spec.selector).toEqual(selector.matchLabels);
    const {
      listen,
      doors,
      join: engines,
    } = check(ofFirstPod(container!.args)) as {
      readonly listen: { readonly host: string; readonly port: number };
      readonly doors?: number;
      readonly join?: readonly { readonly host: string }[];
    };
    expect(listen).toEqual({ host: `pod-0.${metadata.name}`, port: headless.spec.ports![0]!.port });
    if (doors !== undefined) expect(doors).toBe(replicasOf('door'));
    else expect(engines).toHaveLength(replicasOf('engine')!);
    expect(replicas).toBeGreaterThan(1);
  });

  it('bring clients to ports that doors have', () => {
    const outside = manifests.at(-1)!;
    const doors = sets.find(({ metadata }) => metadata.name === 'door')!;
    expect(outside.spec.selector).toEqual(doors.spec.selector.matchLabels);
    const [container] = doors.spec.template!.spec.containers;
    for (const { name, port } of outside.spec.ports!) {
      expect(container!.ports).toContainEqual({ name, containerPort: port });
      expect(container!.args.join(' ')).toContain(`--${name}-port ${port}`);
    }
  });
});
