/** Right agents of other make, with habits of their own: on other MQTT libraries, and jobrig's own agent on a host. `jobrig check` fails none of them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Need, paho, python, wanted } from '../compat/presence.ts';
import { allPass, check, fixtureAgent, scenariosOf, timeoutMs, tried, verdicts } from './checked.ts';
import { sharedFolder } from '../support/folders.ts';

const directory = sharedFolder('test');
const compiled = join(directory, 'agent');
const compiler: Need = {
  package: 'Debian’s gcc, make, libmosquitto-dev, libcjson-dev and libssl-dev',
  isHere: ['mosquitto.h', 'cjson/cJSON.h', 'openssl/evp.h'].every((name) => existsSync(join('/usr/include', name))),
};

/** Where an agent of another make is most likely to be misjudged. */
const telling = ['pull-in-work', 'cut-alone', 'link-lost-pulled'];

const habits = [
  { library: 'Paho', flags: '' },
  { library: 'Paho', flags: '--hears none --poll 2 --via http' },
  { library: 'Paho', flags: '--start report --no-expected-version --qos 0 --forgetful' },
  { library: 'Paho', flags: '--hears notify --start start-next --persistent --tls' },
  { library: 'Paho', flags: '--hears notify-next --mqtt5' },
  { library: 'libmosquitto', flags: '' },
  { library: 'libmosquitto', flags: '--tls --qos0 --persistent --notify-next-only --start-next --no-expected-version' },
] as const;

beforeAll(() => {
  if (!compiler.isHere) return;
  const made = spawnSync('make', ['-s', '-C', fixtureAgent('mosquitto'), `OUT=${compiled}`], { encoding: 'utf8' });
  expect(made.stderr).toBe('');
});

describe('the reference agent as a process of its own', { timeout: timeoutMs }, () => {
  const reference = [process.execPath, fixtureAgent('reference/agent.mjs')];
  it.concurrent('passes, restarting into what it installs', async () => {
    const result = await check(reference, scenariosOf([...telling, 'pull-while-rebooting']));
    expect(verdicts(result)).toEqual(allPass(result));
    expect(Object.keys(verdicts(result)).length).toBeGreaterThan(telling.length);
  });
});

describe('a right agent in another language', { timeout: timeoutMs }, () => {
  it.concurrent.for(tried(habits, ({ flags }) => flags === ''))(
    'passes: $library $flags',
    async ({ library, flags }, { skip }) => {
      wanted(library === 'Paho' ? paho : compiler, skip);
      const start = library === 'Paho' ? [python, fixtureAgent('paho/agent.py')] : [compiled];
      const result = await check([...start, ...flags.split(' ').filter(Boolean)], scenariosOf(telling));
      expect(verdicts(result)).toEqual(allPass(result));
      expect(Object.keys(verdicts(result)).length).toBeGreaterThanOrEqual(telling.length);
    },
  );
});
