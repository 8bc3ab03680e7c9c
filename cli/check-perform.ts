/** One run of `jobrig check`: from flags to the options of the check, and what happens told as it happens. */
import type { CheckResult } from '../rig/live/check/check-result.ts';
import type { CheckEvent } from '../rig/live/check/check-record.ts';
import type { CheckSubject } from '../rig/live/check/scenario-check.ts';
import { diagnosisLines, portraitLines, scenarioLine, sweepLine } from '../rig/report/check-terminal.ts';
import type { Scenario } from '../rig/scenario/contract.ts';
import { openInBrowser } from './browser.ts';
import type { CheckFlags, SubjectKind } from './check-flags.ts';
import { readHardware } from './hardware.ts';
import { createProgress } from './progress.ts';

export interface Invocation {
  readonly kind: SubjectKind;
  readonly command: readonly string[];
  readonly flags: CheckFlags;
  /** The flags that the user wrote. */
  readonly given: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** @param done ids of moments of the sweep that were played before */
export async function perform(
  invocation: Invocation,
  scenarios: readonly Scenario[],
  done: ReadonlySet<string> | undefined,
): Promise<CheckResult> {
  const { flags, signal } = invocation;
  const { mqttPort, mqttsPort, httpsPort, powerOff, powerOn, settle, timeout, points } = flags;
  const progress = createProgress(flags.quiet === true);
  const { runCheck } = await import('../rig/live/check/scenario-check.ts');
  const result = await runCheck({
    ...flags,
    subject: subjectOf(invocation),
    scenarios,
    commands: { off: powerOff, on: powerOn, console: flags.console, none: flags.power === 'none' },
    thingName: flags.attach ?? flags.thing,
    templates: flags.template,
    ports: { mqttPort, mqttsPort, httpsPort },
    settleMs: settle,
    timeoutMs: timeout,
    handshakeMs: timeout,
    sweep: flags.sweep && { points, done },
    onEvent: reporter(flags, progress),
    signal,
  });
  progress.done();
  return result;
}

function subjectOf({ kind, command, flags, given }: Invocation): CheckSubject {
  const { agent, hardware, seed, restart, attach: thingName = '' } = flags;
  switch (kind) {
    case 'program':
      return { kind, command, restart };
    case 'attached':
      return { kind, thingName };
    case 'simulated':
      return { kind, agent, hardware: readHardware(hardware), seed: given.has('seed') ? seed : undefined };
  }
}

/** Also to who wants no progress: results, and where a device that is waited for has to come. */
function isTold(event: CheckEvent): boolean {
  return event.kind === 'failed-handshake' || event.kind === 'result' || (event.kind === 'ready' && event.isAttached);
}

/** Says what happens as it happens: lines for people on stderr where stdout is for JSON, else on stdout. */
function reporter(flags: CheckFlags, progress: ReturnType<typeof createProgress>): (event: CheckEvent) => void {
  const say = (line: string): void => progress.say(line, flags.json === true ? 'stderr' : 'stdout');
  let planned = 0;
  let ended = 0;
  const running = new Set<string>();
  const show = (): void => progress.show('scenarios', `${ended} of ${planned}  ${[...running].join(', ')}`.trimEnd());
  return (event) => {
    if (flags.quiet === true && !isTold(event)) return;
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
