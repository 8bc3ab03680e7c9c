/**
 * What `jobrig serve` shows to paste: an operator makes a thing and a job, a device hears of it and starts it, the job is pulled out
 * from under the device, and what the device says then is refused. A device is Mosquitto's clients, since they are everywhere.
 */
import { formatThingArn } from '../protocol/names.ts';
import type { AccessKeys } from './access-keys.ts';
import { shellWord } from '../rig/report/words.ts';

interface Example {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly account: string;
  /** Absent: nobody is asked who he is. */
  readonly keys: AccessKeys | undefined;
  /** Absent: nothing outlives the process, certificates neither. */
  readonly dataDir: string | undefined;
}

const thing = 'bench';
const topics = `$aws/things/${thing}/jobs`;

export function tryIt({ endpoints, region = 'us-east-1', account, keys, dataDir }: Example): readonly string[] {
  const { http } = endpoints;
  if (http === undefined) return [];
  // Any credentials do where nobody is asked; a secret is not shown.
  const [id, secret] = keys === undefined ? ['jobrig', 'jobrig'] : [Object.keys(keys)[0], '…'];
  const device = deviceOf(endpoints, keys !== undefined, dataDir);
  // Versions before 2.13 do not know AWS_ENDPOINT_URL.
  const aws = `aws --endpoint-url ${http} iot`;
  const operator = [
    `export AWS_ENDPOINT_URL=${http} AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret}`,
    `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    `${aws} create-thing --thing-name ${thing}`,
  ];
  const job = [
    `${aws} create-job --job-id reboot --document '{"operation":"reboot"}' \\`,
    `  --targets ${formatThingArn({ region, account }, thing)}`,
  ];
  const pull = [`${aws} delete-job --job-id reboot --force`];
  if (device === undefined) return ['', 'Paste:', ...indented([...operator, ...job, ...pull]), 'Ctrl-C to stop.'];
  const { prepare, flags } = device;
  return [
    '',
    'Paste, as an operator:',
    ...indented(operator),
    'a device listens (any MQTT client; here those of Mosquitto):',
    ...indented([...prepare, `mosquitto_sub ${flags} -i ${thing} -v -t '${topics}/notify-next' &`]),
    'it gets a job, and starts it:',
    ...indented([...job, request(flags, 'start-next', 'accepted', '{}')]),
    'the job is pulled out from under it, and what it says of it is refused:',
    ...indented([...pull, request(flags, 'reboot/update', 'rejected', '{"status":"SUCCEEDED"}')]),
    'Ctrl-C to stop.',
  ];
}

function request(flags: string, operation: string, answer: string, payload: string): string {
  return `mosquitto_rr ${flags} -t '${topics}/${operation}' -e '${topics}/${operation}/${answer}' -m '${payload}'`;
}

/** How a device comes in. */
function deviceOf(
  { mqtt, mqtts, ca }: Example['endpoints'],
  isAsked: boolean,
  dataDir: string | undefined,
): { readonly prepare: readonly string[]; readonly flags: string } | undefined {
  if (mqtt !== undefined && !isAsked) return { prepare: [], flags: placeOf(mqtt) };
  if (mqtts === undefined || ca === undefined || dataDir === undefined) return undefined;
  const folder = `${thing}-certificates`;
  const files = `--cafile ${shellWord(ca)} --cert ${folder}/${thing}.cert.pem --key ${folder}/${thing}.key.pem`;
  return {
    prepare: [`npx jobrig certs --thing ${thing} --data-dir ${shellWord(dataDir)} --out ${folder}`],
    flags: `${placeOf(mqtts)} ${files}`,
  };
}

function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `-h ${hostname.replace(/^\[|\]$/g, '')} -p ${port}`;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
