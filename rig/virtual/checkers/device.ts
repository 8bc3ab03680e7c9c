/**
 * The claims about one device that can be judged while it runs: V2, V3, V4, V6, V8 and V9 of docs/recovery.md, from the
 * messages on the wire and the inside of the board. What a device was told counts, not what it could have known: an execution
 * is dead to it from the first rejection that says so. What must hold when all is quiet is judged in quiet-device.ts.
 */
import type { ExecutionIdentity, Step } from '../../../observation/execution.ts';
import type { DeviceTrace } from '../../../observation/inside.ts';
import type { Board } from '../../../agent/board/contract.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { RequestOperation } from '../../../protocol/topics.ts';
import type { Report } from '../violation.ts';

/** Limits of the claims; a device that keeps them is not broken, only different. */
const bounds = {
  /** Updates of an execution after that many refusals in a row that say it is gone (V2). */
  refusedUpdates: 3,
  /** Until work on an execution must have stopped, once the device was told that it is gone (V2). */
  settleMs: 60_000,
  /** Requests within a minute (V6). */
  requestsPerMinute: 60,
  /** Attempts to connect within a minute (V6). */
  connectsPerMinute: 20,
  /** Flash erases for each execution (V6): the largest image of a run, twice, with room to spare. */
  erasesPerExecution: 40,
  /** How often an image is downloaded for each time that its execution was created, beside once for each connection (V6). */
  downloads: 3,
  /** Boots beyond one for each power cut and three for each execution (V8). */
  spareBoots: 3,
  /** Boots each time that the supply falls for some minutes, with a growing pause after each (V8). */
  bootsOnWeakSupply: 12,
} as const;

export interface DeviceChecker {
  connecting(at: EpochMs): void;
  sent(request: DeviceRequest, at: EpochMs): void;
  received(message: DeviceMessage, at: EpochMs): void;
  traced(trace: DeviceTrace): void;
  /** The service has taken a SUCCEEDED for a job with this document. */
  succeeded(document: string): void;
  moved(at: EpochMs): void;
  /** All is quiet: side effects are added up. */
  quiet(): void;
  powerWasCut(): void;
  supplyFell(): void;
}

export interface DeviceCheckerOptions {
  readonly board: Board;
  readonly report: Report;
  /** How many executions of this identity the service ever made for this thing. */
  readonly created: (identityKey: string) => number;
  /** The identity of the pending execution that has these ids at the service now. */
  readonly pendingKey: (jobId: string, executionNumber: number) => string | undefined;
  /** How many executions it ever made for all things. */
  readonly executions: () => number;
}

/** Codes that say that an execution is gone, whatever the device asked. */
const goneCodes = new Set(['ResourceNotFound', 'InvalidStateTransition', 'TerminalStateReached']);
const minuteMs: DurationMs = 60_000;

export function createDeviceChecker({
  board,
  report,
  created,
  pendingKey,
  executions,
}: DeviceCheckerOptions): DeviceChecker {
  const { thingName } = board;
  /** Updates in a row that were refused, by job id; one that was answered twice counts once. */
  const refusals = new Map<string, number>();
  /** Jobs with an update that is not yet refused. */
  const updating = new Set<string>();
  /** When the device was told that an execution is gone, by identity. */
  const toldDead = new Map<string, EpochMs>();
  /**
   * What the service took an execution for when it let the device start it. Requests name job and number only, so a device
   * that was told late may start a new execution under the identity of one that is gone.
   */
  const started = new Map<string, string>();
  /** Executions that were gone already when the device began to activate them, the last moment to ask. */
  const goneBeforeActivation = new Set<string>();
  const tooManyRequests = rateLimit(bounds.requestsPerMinute);
  const tooManyConnects = rateLimit(bounds.connectsPerMinute);
  let powerCuts = 0;
  let weakSupplies = 0;
  let connects = 0;

  /** A power cut makes the device forget how often it has crashed on a weak supply: its pauses begin anew. */
  function resetsFromOutside(): number {
    if (weakSupplies === 0) return powerCuts;
    return powerCuts + bounds.bootsOnWeakSupply * (weakSupplies + powerCuts);
  }

  function toldGone(jobId: string, operation: RequestOperation, at: EpochMs): void {
    if (operation === 'UpdateJobExecution' && updating.delete(jobId)) {
      refusals.set(jobId, (refusals.get(jobId) ?? 0) + 1);
    }
    const { execution } = board.view();
    if (execution?.jobId !== jobId) return;
    const key = identityKey(execution);
    if (!toldDead.has(key)) toldDead.set(key, at);
  }

  /** What was under way when a connection ended, or with it the power, may have to come again. */
  function checkDownloads(): void {
    for (const [key, { bytes, imageBytes }] of Object.entries(board.view().downloads)) {
      const most = imageBytes * (bounds.downloads * Math.max(1, created(key)) + connects);
      if (bytes > most) report('V6', `downloaded ${bytes} bytes for ${key}, an image of ${imageBytes}`, thingName);
    }
  }

  /** Between the two steps lies the last moment at which a device can ask, and turn back. */
  function checkStep(step: Step, execution: ExecutionIdentity): void {
    if (step !== 'receive' && step !== 'activate' && step !== 'reboot') return;
    const key = identityKey(execution);
    const pending = pendingKey(execution.jobId, execution.executionNumber);
    if (step === 'receive') {
      checkDownloads();
      started.set(key, pending ?? key);
      // A new execution may have the very identity of one that is gone, if both were queued within one second.
      toldDead.delete(key);
    } else if (step === 'activate') {
      if (pending !== undefined && pending === (started.get(key) ?? key)) goneBeforeActivation.delete(key);
      else goneBeforeActivation.add(key);
    } else if (goneBeforeActivation.has(key) || toldDead.has(key)) {
      report('V3', `reboots into the image of ${key}, which was gone before`, thingName);
    }
  }

  return {
    connecting(at) {
      connects += 1;
      if (tooManyConnects(at))
        report('V6', `more than ${bounds.connectsPerMinute} connects within a minute`, thingName);
    },
    sent(request, at) {
      if (tooManyRequests(at))
        report('V6', `more than ${bounds.requestsPerMinute} requests within a minute`, thingName);
      const { jobId, operation } = request;
      if (operation !== 'UpdateJobExecution' || jobId === undefined) return;
      updating.add(jobId);
      const refused = refusals.get(jobId) ?? 0;
      if (refused >= bounds.refusedUpdates) {
        report('V2', `updates ${jobId} again, after ${refused} refusals that said it is gone`, thingName);
      }
    },
    received(message, at) {
      const named = jobNamedBy(message);
      if (named !== undefined) refusals.delete(named);
      if (message.kind !== 'reply' || message.jobId === undefined || message.outcome === 'accepted') return;
      if (goneCodes.has(message.payload.code)) toldGone(message.jobId, message.operation, at);
    },
    traced(trace) {
      if (trace.kind === 'step') checkStep(trace.step, trace.execution);
      // What it was told, it has forgotten.
      if (trace.kind === 'crash') toldDead.clear();
      if (trace.kind === 'boot') {
        const allowed = resetsFromOutside() + 3 * executions() + bounds.spareBoots;
        if (trace.boots > allowed) report('V8', `${trace.boots} boots, ${allowed} can be explained`, thingName);
      }
    },
    moved(at) {
      if (toldDead.size === 0) return;
      const { execution, step, openDownload } = board.view();
      const told = execution === undefined ? undefined : toldDead.get(identityKey(execution));
      if (told === undefined) toldDead.clear();
      else if (at - told > bounds.settleMs && openDownload) {
        report('V2', `still downloads in step ${step} of an execution that it was told is gone`, thingName);
      }
    },
    succeeded(document) {
      const wanted = wantedVersion(document);
      const { runningVersion } = board.view();
      if (wanted !== undefined && wanted !== runningVersion) {
        report('V9', `reported ${wanted} and runs ${runningVersion}`, thingName);
      }
    },
    quiet() {
      checkDownloads();
      const { erases } = board.view().flash;
      const mostErases = bounds.erasesPerExecution * (executions() + 1);
      if (erases > mostErases) report('V6', `${erases} erases, ${mostErases} can be explained`, thingName);
      const totals = new Map<string, number>();
      for (const [key, times] of Object.entries(board.view().sideEffects)) {
        const execution = started.get(key) ?? key;
        totals.set(execution, (totals.get(execution) ?? 0) + times);
      }
      for (const [key, times] of totals) {
        if (times > created(key)) report('V4', `the side effect of ${key} happened ${times} times`, thingName);
      }
    },
    powerWasCut() {
      powerCuts += 1;
    },
    supplyFell() {
      weakSupplies += 1;
    },
  };
}

/** Counts events; tells whether there were more than `most` within the last minute. */
function rateLimit(most: number): (at: EpochMs) => boolean {
  const latest: EpochMs[] = [];
  return (at) => {
    latest.push(at);
    return latest.length > most && at - (latest.shift() ?? at) < minuteMs;
  };
}

/** The job that a message says is there to be worked on: a reason to try, even where it is an old message that came late. */
function jobNamedBy(message: DeviceMessage): string | undefined {
  if (message.kind === 'notification') {
    return message.name === 'NextJobExecutionChanged' ? message.payload.execution?.jobId : undefined;
  }
  if (message.outcome === 'rejected') return undefined;
  return 'execution' in message.payload ? message.payload.execution?.jobId : message.jobId;
}

/** The version that a firmware document installs. */
function wantedVersion(document: string): string | undefined {
  const { operation, version } = JSON.parse(document) as { readonly operation?: unknown; readonly version?: unknown };
  return operation === 'firmware' && typeof version === 'string' ? version : undefined;
}

function identityKey({ jobId, executionNumber, queuedAt }: ExecutionIdentity): string {
  return `${jobId}#${executionNumber}@${queuedAt}`;
}
