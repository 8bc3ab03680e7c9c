/**
 * Folds everything that can be seen of a run into its trace hash: commands and their outcomes, messages, faults, what
 * boards trace. Message sizes are left out, so that a run over objects and the same run over text have one hash.
 */
import type { DeviceTrace } from '../../observation/inside.ts';
import type { Observer } from './observer.ts';
import type { TraceHash } from './trace-hash.ts';

export function hashingObserver(hash: TraceHash): Observer {
  const note = (kind: number, thingName: string, at: number): void => {
    hash.number(kind);
    hash.text(thingName);
    hash.number(at);
  };
  return {
    applied(command, { reply, changes, effects }, at) {
      note(1, command.name, at);
      hash.number(changes.length);
      hash.number(effects.length);
      hash.text(reply.accepted ? 'accepted' : reply.code);
    },
    sent(thingName, { operation, jobId, body }, at) {
      note(2, thingName, at);
      hash.text(operation);
      hash.text(jobId ?? '');
      hash.text(body.status ?? '');
      hash.number(body.expectedVersion ?? 0);
    },
    received(thingName, message, at) {
      note(3, thingName, at);
      hash.text(message.kind === 'reply' ? message.outcome : message.name);
      hash.number(message.payload.timestamp);
    },
    traced(thingName, trace, at) {
      note(4, thingName, at);
      hash.text(trace.kind);
      hash.text(wordOf(trace));
    },
    injected(fault, thingName, at) {
      note(5, thingName, at);
      hash.text(fault);
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
