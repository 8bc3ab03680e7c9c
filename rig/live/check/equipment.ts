/**
 * What a device under check is given: a state directory, key files as strict clients want them (files 600 in a directory
 * 700), where the service is, as environment and as placeholders, and the user's template files written out. One set for
 * each scenario, under one directory that goes away with the check.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readNamedFile } from '../../files/named-file.ts';

/** Where the service listens, and what proves who is who. */
export interface Endpoints {
  readonly host: string;
  readonly mqttPort?: number;
  readonly mqttsPort?: number;
  readonly wsUrl?: string;
  readonly httpUrl?: string;
  readonly witnessUrl?: string;
}

export interface EquipmentOptions {
  /** Of this scenario alone; made when it is missing. */
  readonly directory: string;
  readonly thingName: string;
  readonly clientId?: string | undefined;
  readonly endpoints: Endpoints;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of the key that images are signed with. */
  readonly signerCert: string;
  /** Files with placeholders; written into the state directory under their own names. */
  readonly templates?: readonly string[];
}

export interface Equipment {
  readonly environment: Readonly<Record<string, string>>;
  /** By name, without braces. */
  readonly placeholders: Readonly<Record<string, string>>;
}

/** Every placeholder with the variable that says the same; the member order is that of the help text. */
const variables = {
  thing: 'JOBRIG_THING_NAME',
  'client-id': 'JOBRIG_CLIENT_ID',
  'mqtt-host': 'JOBRIG_MQTT_HOST',
  'mqtt-port': 'JOBRIG_MQTT_PORT',
  'mqtts-port': 'JOBRIG_MQTTS_PORT',
  'ws-url': 'JOBRIG_WS_URL',
  'http-url': 'JOBRIG_HTTP_URL',
  ca: 'JOBRIG_CA_FILE',
  cert: 'JOBRIG_CERT_FILE',
  key: 'JOBRIG_KEY_FILE',
  'signer-cert': 'JOBRIG_SIGNER_CERT_FILE',
  state: 'JOBRIG_STATE_DIR',
  'witness-url': 'JOBRIG_WITNESS_URL',
} as const;
type PlaceholderName = keyof typeof variables;
export const placeholderNames = Object.keys(variables) as readonly PlaceholderName[];

/** @throws {OperationalError} `TEMPLATE_UNREADABLE` */
export async function equip(options: EquipmentOptions): Promise<Equipment> {
  const { directory, thingName, clientId = thingName, endpoints, templates = [] } = options;
  const keys = join(directory, 'keys');
  const stateDirectory = join(directory, 'state');
  for (const each of [keys, stateDirectory]) {
    await mkdir(each, { recursive: true, mode: 0o700 });
    await chmod(each, 0o700);
  }
  const files = {
    ca: join(keys, 'ca.pem'),
    cert: join(keys, 'device.cert.pem'),
    key: join(keys, 'device.key.pem'),
    'signer-cert': join(keys, 'signer.cert.pem'),
  };
  await Promise.all([
    writeFile(files.ca, options.ca, { mode: 0o644 }),
    writeFile(files.cert, options.cert, { mode: 0o644 }),
    writeFile(files.key, options.key, { mode: 0o600 }),
    writeFile(files['signer-cert'], options.signerCert, { mode: 0o644 }),
  ]);
  const values: Record<PlaceholderName, string> = {
    thing: thingName,
    'client-id': clientId,
    'mqtt-host': endpoints.host,
    'mqtt-port': String(endpoints.mqttPort ?? ''),
    'mqtts-port': String(endpoints.mqttsPort ?? ''),
    'ws-url': endpoints.wsUrl ?? '',
    'http-url': endpoints.httpUrl ?? '',
    ...files,
    state: stateDirectory,
    'witness-url': endpoints.witnessUrl ?? '',
  };
  for (const template of templates) {
    const text = await readTemplate(template);
    await writeFile(join(stateDirectory, basename(template)), fillIn(text, values), { mode: 0o600 });
  }
  const environment = Object.fromEntries(placeholderNames.map((name) => [variables[name], values[name]]));
  return { environment, placeholders: values };
}

/** Replaces each `{name}` that is known; other braces stay, since templates are JSON more often than not. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{([a-z][a-z0-9-]*)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** @throws {OperationalError} `TEMPLATE_UNREADABLE` */
export async function readTemplate(file: string): Promise<string> {
  return (await readNamedFile('--template', file, 'TEMPLATE_UNREADABLE')).toString('utf8');
}
