/**
 * Folds everything that can be seen of a run into its trace hash: commands and their outcomes, messages, faults, what boards
 * trace. Message sizes are left out, so that a run over objects and the same run over text have one hash.
 */
import type { DeviceTrace } from '../../observation/inside.ts';
import type { Observation, Observer } from '../../observation/observation.ts';
import type { Command, Outcome } from '../../broker/engine/contract.ts';
import { type DurationMs, type EpochMs, toEpochSeconds } from '../../protocol/time.ts';
import type { TraceHash } from './trace-hash.ts';
import { epoch } from './world.ts';

export interface TraceObserver {
  readonly observer: Observer;
  applied(command: Command, outcome: Outcome, at: EpochMs): void;
}

/** Instants are hashed as if runs began in 2023, which they did once: a seed keeps its hash. */
const laterMs: DurationMs = 1_700_000_000_000 - epoch;

export function hashingObserver(hash: TraceHash): TraceObserver {
  const note = (kind: number, { thingName = '', at }: Pick<Observation, 'thingName' | 'at'>): void => {
    hash.number(kind);
    hash.text(thingName);
    hash.number(at + laterMs);
  };
  return {
    applied(command, { reply, changes, effects }, at) {
      note(1, { thingName: command.name, at });
      hash.number(changes.length);
      hash.number(effects.length);
      hash.text(reply.accepted ? 'accepted' : reply.code);
    },
    observer: {
      sent(seen) {
        const { operation, jobId, body } = seen.request;
        note(2, seen);
        hash.text(operation);
        hash.text(jobId ?? '');
        hash.text(body.status ?? '');
        hash.number(body.expectedVersion ?? 0);
      },
      received(seen) {
        const { message } = seen;
        note(3, seen);
        hash.text(message.kind === 'reply' ? message.outcome : message.name);
        hash.number(message.payload.timestamp + toEpochSeconds(laterMs));
      },
      traced(seen) {
        note(4, seen);
        hash.text(seen.trace.kind);
        hash.text(wordOf(seen.trace));
      },
      fault(seen) {
        note(5, seen);
        hash.text(seen.name);
      },
    },
  };
}

function wordOf(trace: DeviceTrace): string {
  switch (trace.kind) {
    case 'step':
      return trace.step;
    case 'pulled':
      return trace.by;
    case 'recovered':
    case 'download':
      return trace.execution.jobId;
    case 'finished':
      return trace.status;
    case 'boot':
      return trace.version;
    case 'crash':
      return trace.cause;
    case 'asleep':
    case 'awake':
      return '';
    case 'note':
      return trace.text;
  }
}
