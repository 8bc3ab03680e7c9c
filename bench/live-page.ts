/**
 * What the live page costs with 10,000 devices at work, and how smooth it is: `node dist/bench/live-page.js`. Devices change as an
 * update of the whole fleet makes them change; the page is open in Chromium, which runs on the same machine. Prints the CPU of
 * the service with nobody looking and with one page open, and the frames a second that the page draws meanwhile.
 */
import { chromium } from 'playwright-core';
import type { CommandOf, OperationName } from '../broker/engine/contract.ts';
import { startService } from '../broker/start-service.ts';
import type { Observation } from '../observation/observation.ts';
import { show } from '../observation/observers.ts';
import { type Step, steps } from '../observation/execution.ts';

const devices = Number(process.argv[2] ?? 10_000);
/** Each device is this long at each step: all of them change this often. */
const stepMs = 4000;
const spanMs = 10_000;
const tickMs = 20;

const names = Array.from({ length: devices }, (_, index) => `unit-${index + 1}`);
await using service = await startService({
  mqttPort: 0,
  httpPort: 0,
  mqttsPort: 'off',
  wsPort: 'off',
  wssPort: 'off',
  httpsPort: 'off',
});
service.page.present({ verb: 'load', about: `${devices} devices`, things: names, seesDevices: true });

/** A job takes a hundred targets. */
const targetsOfOne = 100;

function ask<Name extends OperationName>(command: CommandOf<Name>): Promise<void> {
  return new Promise((resolve, reject) => {
    service.port.submit(command, (reply) => (reply.accepted ? resolve() : reject(new Error(reply.message))));
  });
}

for (let from = 0; from < devices; from += targetsOfOne) {
  const some = names.slice(from, from + targetsOfOne);
  await Promise.all(some.map((thingName) => ask({ name: 'iot:CreateThing', request: { thingName } })));
  const targets = some.map((thingName) => `arn:aws:iot:us-east-1:000000000000:thing/${thingName}`);
  await ask({ name: 'iot:CreateJob', request: { jobId: `J${from}`, document: '{}', targets } });
  const begun = some.map((thingName) =>
    ask({ name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName } }),
  );
  await Promise.all(begun);
}

let turn = 0;
/** So many devices take their next step that each is `stepMs` at one. */
function takeSteps(): void {
  for (let count = Math.round((devices * tickMs) / stepMs); count > 0; count -= 1) {
    const thingName = names[turn % devices]!;
    const step: Step = steps[Math.floor(turn / devices) % steps.length]!;
    turn += 1;
    const execution = { jobId: 'J', executionNumber: 1, queuedAt: 1 };
    const head = { at: service.port.now(), source: 'device', thingName } as const;
    show(service.page.observer, { ...head, kind: 'traced', trace: { kind: 'step', step, execution, percent: 0 } });
    const request = { operation: 'UpdateJobExecution', jobId: 'J', body: { status: 'IN_PROGRESS' } } as const;
    show(service.page.observer, { ...head, kind: 'sent', request, via: 'mqtt' } satisfies Observation);
  }
}

/** @returns the share of a core that this process took */
async function watched(): Promise<number> {
  const [cpu, since] = [process.cpuUsage(), performance.now()];
  const stepping = setInterval(takeSteps, tickMs);
  await new Promise((resolve) => {
    setTimeout(resolve, spanMs);
  });
  clearInterval(stepping);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / (performance.now() - since);
}

const alone = await watched();
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
await page.goto(service.pageUrl!);
await page.locator('.legend').waitFor();
for (const thingName of names) {
  show(service.page.observer, { at: 0, source: 'device', thingName, kind: 'connected', sessionPresent: false });
}
const frames = page.evaluate<number>(`new Promise((resolve) => {
  let frames = 0; const from = performance.now();
  const next = () => { frames += 1; const ms = performance.now() - from; if (ms < ${spanMs}) requestAnimationFrame(next); else resolve(frames / ms * 1000); };
  requestAnimationFrame(next);
})`);
const looked = await watched();
const perSecond = await frames;
await browser.close();
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
process.stdout.write(
  [
    `devices             ${devices}, ${Math.round((devices / stepMs) * 1000)} of them change each second`,
    `nobody looks        ${percent(alone)} of a core`,
    `one page is open    ${percent(looked)} of a core: the page costs ${percent(looked - alone)}`,
    `frames a second     ${perSecond.toFixed(0)}`,
    '',
  ].join('\n'),
);
