/**
 * `jobrig check` over unmodified agents, end to end: what each is seen to do in a few scenarios, right or wrong, as facts. What a whole
 * check found in them is in docs/field-notes.md. Checked side by side, since they mostly wait.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LibraryCheckOptions, runCheck } from '../../rig/live/check/scenario-check.ts';
import { verdictOfRuns } from '../../rig/live/check/check-result.ts';
import { type Need, deviceSdk1, deviceSdk2, paho, python, wanted } from './presence.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');

/** As the jobs agent of SDK v1 takes it: a package of one file. */
const packageDocument = join(directory, 'package.json');
writeFileSync(
  packageDocument,
  JSON.stringify({
    operation: 'install',
    packageName: 'pump',
    workingDirectory: '.',
    files: [
      {
        fileName: 'image.bin',
        fileVersion: '{version}',
        fileSource: { url: '{url}' },
        checksum: { inline: { value: '{sha256}' }, hashAlgorithm: 'sha256' },
      },
    ],
  }),
);

/** In its state directory, which is where it keeps what it has installed; it trusts no other CA for downloads. */
function jobsAgent(): readonly string[] {
  const start = createRequire(import.meta.url).resolve('aws-iot-device-sdk');
  const agent = join(dirname(start), 'examples/jobs-agent.js');
  const script = `cd "$1" && NODE_EXTRA_CA_CERTS="$5" exec "${process.execPath}" "${agent}" -H localhost -p "$3" -T "$4" -i "$4" -a "$5" -c "$6" -k "$7"`;
  return ['sh', '-c', script, 'sh', '{state}', '', '{mqtts-port}', '{thing}', '{ca}', '{cert}', '{key}'];
}

interface Checked {
  readonly name: string;
  readonly need: Need;
  readonly command: () => readonly string[];
  readonly options?: Partial<LibraryCheckOptions>;
  /** By scenario: `pass`, or the claims that break. */
  readonly found: Readonly<Record<string, string>>;
}

const checked: readonly Checked[] = [
  {
    name: 'the jobs agent of the AWS IoT Device SDK v1',
    need: deviceSdk1,
    command: jobsAgent,
    options: { document: packageDocument, ports: { httpsPort: 0 } },
    // Whether it survives `again-at-once` is a matter of milliseconds (docs/field-notes.md).
    found: { 'pull-in-work': 'pass', 'foreign-document': 'pass' },
  },
  {
    name: 'an agent on the AWS IoT Device SDK v2',
    need: deviceSdk2,
    command: () => [process.execPath, resolve('test/compat/devices/sdk-v2-agent.mjs')],
    found: { 'pull-in-work': 'pass', 'again-at-once': 'pass', 'link-lost-pulled': 'pass', 'cut-alone': 'pass' },
  },
  {
    name: 'an agent on Paho over TLS',
    need: paho,
    command: () => [python, resolve('fixtures/agents/paho/agent.py'), '--hears', 'notify-next', '--tls'],
    found: { 'pull-in-work': 'pass', 'again-at-once': 'pass', 'cut-alone': 'pass' },
  },
];

describe('jobrig check of', { timeout: 240_000 }, () => {
  it.concurrent.for(checked)('$name', async ({ need, command, options, found }, { skip }) => {
    wanted(need, skip);
    const words = command();
    const { results, diagnosis } = await runCheck({
      subject: { kind: 'program', command: words },
      scenarios: Object.keys(found),
      parallel: 4,
      ...options,
    });
    expect(diagnosis).toBeUndefined();
    const seen = results.map(({ scenario, runs }): [string, string] => {
      const verdict = verdictOfRuns(runs);
      const { broke = [], reason = '' } = runs[0] ?? {};
      return [
        scenario.id,
        verdict === 'pass' ? 'pass' : verdict === 'fail' ? broke.join(' ') : `${verdict}: ${reason}`,
      ];
    });
    expect(Object.fromEntries(seen)).toEqual(found);
  });
});
