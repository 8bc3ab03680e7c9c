/** One run of `jobrig check`: from flags to the options of the check, and what happens told as it happens. */
import type { CheckResult } from '../rig/live/check/check-result.ts';
import type { CheckEvent } from '../rig/live/check/check-event.ts';
import type { CheckOptions } from '../rig/live/check/run-check.ts';
import { diagnosisLines, portraitLines, scenarioLine, sweepLine } from '../rig/report/check-terminal.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { openInBrowser } from './browser.ts';
import type { CheckFlags } from './check-flags.ts';
import { checkSimulated } from './check-simulated.ts';
import { createProgress } from './progress.ts';

export interface Invocation {
  readonly command: readonly string[];
  readonly flags: CheckFlags;
  /** The flags that the user wrote. */
  readonly given: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** @param done ids of moments of the sweep that were played before */
export async function perform(
  { command, flags, given, signal }: Invocation,
  scenarios: readonly Scenario[],
  done: ReadonlySet<string> | undefined,
): Promise<CheckResult> {
  // Loaded when wanted: the AWS SDK and the broker take a second, which `--help` should not.
  const progress = createProgress(flags.quiet === true);
  if (command.length === 0 && flags.attach === undefined) {
    const result = await checkSimulated(flags, {
      scenarios,
      ...(given.has('seed') && { seed: flags.seed }),
      ...(done && { done }),
      onEvent: reporter(flags, progress),
      signal,
    });
    progress.done();
    return result;
  }
  const { runCheck } = await import('../rig/live/check/run-check.ts');
  const { host, mqttPort, mqttsPort, httpsPort, attach, thing, powerOff, powerOn } = flags;
  const thingName = attach ?? thing;
  const result = await runCheck({
    name: attach === undefined ? command.join(' ') : `the attached device ${attach}`,
    subject: attach === undefined ? { kind: 'program', command, restart: flags.restart } : { kind: 'attached' },
    scenarios,
    commands: {
      ...(powerOff !== undefined && { off: powerOff }),
      ...(powerOn !== undefined && { on: powerOn }),
      ...(flags.console !== undefined && { console: flags.console }),
      ...(flags.power === 'none' && { none: true as const }),
    },
    ...filesOf(flags, ['reset', 'clientId', 'namespace', 'document', 'canary', 'image']),
    ...(thingName !== undefined && { thingName }),
    templates: flags.template,
    ...(host !== undefined && { host }),
    ports: {
      ...(mqttPort !== undefined && { mqttPort }),
      ...(mqttsPort !== undefined && { mqttsPort }),
      ...(httpsPort !== undefined && { httpsPort }),
    },
    parallel: flags.parallel,
    repeat: flags.repeat,
    ...(flags.bail === true && { bail: true }),
    ...(flags.settle !== undefined && { settleMs: flags.settle }),
    ...(flags.timeout !== undefined && { timeoutMs: flags.timeout, handshakeMs: flags.timeout }),
    ...(flags.sweep === true && { sweep: { points: flags.points, ...(done && { done }) } }),
    onEvent: reporter(flags, progress),
    signal,
  });
  progress.done();
  return result;
}

function filesOf(
  flags: CheckFlags,
  names: readonly (keyof CheckFlags)[],
): Partial<Pick<CheckOptions, 'reset' | 'clientId' | 'namespace' | 'document' | 'canary' | 'image'>> {
  return Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

/** Says what happens as it happens: lines for people on stderr where stdout is for JSON, else on stdout. */
function reporter(flags: CheckFlags, progress: ReturnType<typeof createProgress>): (event: CheckEvent) => void {
  const say = (line: string): void => progress.say(line, flags.json === true ? 'stderr' : 'stdout');
  let planned = 0;
  let ended = 0;
  const running = new Set<string>();
  const show = (): void => progress.show('scenarios', `${ended} of ${planned}  ${[...running].join(', ')}`.trimEnd());
  return (event) => {
    if (flags.quiet === true && event.kind !== 'failed-handshake' && event.kind !== 'result') return;
    switch (event.kind) {
      case 'ready':
        if (event.pageUrl !== undefined) progress.say(`live page at ${event.pageUrl}`, 'stderr');
        if (event.pageUrl !== undefined && flags.open === true) void openInBrowser(event.pageUrl);
        progress.show(
          'handshake: one plain job',
          event.isAttached ? `waiting for ${event.thingName} at ${event.endpoints}` : event.thingName,
        );
        if (event.isAttached) say(`waiting for the thing ${event.thingName} at ${event.endpoints}`);
        return;
      case 'portrait':
        return portraitLines(event.portrait).forEach(say);
      case 'failed-handshake':
        return diagnosisLines(event.diagnosis).forEach(say);
      case 'planned':
        planned = event.scenarios + event.moments;
        return show();
      case 'started':
        running.add(event.id);
        return show();
      case 'ended':
        running.delete(event.run.scenario.id);
        if (event.run.verdict !== 'skip') ended += 1;
        // What is skipped ends before it is known how many are played.
        return planned === 0 ? undefined : show();
      case 'result':
        say(scenarioLine(event.result));
        return show();
      case 'swept':
        running.delete(event.point.run.scenario.id);
        ended += 1;
        say(sweepLine(event.point));
        show();
    }
  };
}
