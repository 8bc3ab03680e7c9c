/** What `jobrig serve` shows to paste works as it stands, with the AWS CLI and the clients of Mosquitto of this machine. */
import { spawn, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { start } from '../support/command.ts';

const missing = ['aws', 'mosquitto_sub', 'mosquitto_rr'].filter(
  (program) => spawnSync('bash', ['-c', `command -v ${program}`]).status !== 0,
);

const listeners = ['--mqtts-port', 'off', '--ws-port', 'off', '--wss-port', 'off', '--https-port', 'off'];

/** What a person would type: the lines that are indented, those that end in a backslash with the next one. */
function commandsIn(text: string): string {
  const [, pasted = ''] = text.split('Paste');
  return pasted
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => line.slice(2))
    .join('\n');
}

function run(script: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn('bash', ['-e'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  child.stdin.end(script);
  return new Promise((resolve) => void child.once('close', (code) => resolve({ code, said })));
}

it('shows a device that gets a job, starts it, and is told that it is gone', async ({ skip }) => {
  skip(missing.length > 0, `not installed: ${missing.join(', ')}`);
  const serve = start('serve', '--memory', '--mqtt-port', '0', '--http-port', '0', ...listeners);
  const text = await serve.output((all) => all.includes('Ctrl-C'));
  const { code, said } = await run(`${commandsIn(text)}\nkill %1\n`);
  expect({ code, said }).toMatchObject({ code: 0 });
  expect(said).toMatch(/notify-next \{.*"jobId":"reboot".*"status":"QUEUED"/);
  expect(said).toMatch(/"jobId":"reboot","status":"IN_PROGRESS"/);
  expect(said).toMatch(/notify-next \{"timestamp":\d+\}/);
  expect(said).toMatch(/"code":"ResourceNotFound"/);
}, 240_000);

it('shows how a device comes in with a certificate where everybody is asked', async () => {
  const serve = start(
    'serve',
    '--access-key',
    'ID:hidden-one',
    '--mqtts-port',
    '0',
    '--http-port',
    '0',
    ...listeners.slice(2),
  );
  const text = await serve.output((all) => all.includes('Ctrl-C'));
  expect(text).toContain('jobrig certs --thing bench --data-dir .jobrig --out bench-certificates');
  expect(text).toMatch(
    /mosquitto_sub -h 127\.0\.0\.1 -p \d+ --cafile \S+ca\.pem --cert bench-certificates\/bench\.cert\.pem/,
  );
  expect(text).not.toContain('hidden-one');
});
