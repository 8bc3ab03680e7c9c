/** What is seen, folded: of the service's engine, of its wire, and of a run that stands nearer to its devices than any door. */
import type { Observation, Observer } from '../../observation/observation.ts';
import { observeEvery } from '../../observation/observers.ts';
import { parseJobsTopic } from '../../protocol/topics.ts';
import { keptText } from './device-entry.ts';
import type { FleetFold } from './fleet-fold.ts';

/** Where what is seen goes. */
export interface Receivers {
  /** Absent: nobody looks, and nothing is kept. */
  fold(): FleetFold | undefined;
  /** Of one device, for whoever looks at it; at the service's time. */
  note(thingName: string, seen: Observation): void;
}

/** What a device does to its execution is told by what it says. */
export function ofService({ fold, note }: Receivers): Observer {
  return {
    execution(seen) {
      fold()?.execution(seen);
      if (seen.thingName !== undefined && seen.by !== 'device') note(seen.thingName, seen);
    },
  };
}

export function ofWire({ fold }: Receivers): Observer {
  return {
    written(seen) {
      const folded = fold();
      const { thingName, to, topic, text } = seen;
      if (folded === undefined || thingName === undefined) return;
      folded.tell(thingName, { ...seen, text: keptText(seen) });
      const about = parseJobsTopic(topic);
      if (to === 'device') {
        if (about?.kind === 'reply') folded.answered(thingName, about.operation);
        return;
      }
      if (about?.kind !== 'request') {
        folded.find(thingName)?.remark('no-such-operation');
        return;
      }
      const status = /"status"\s*:\s*"([A-Z_]+)"/.exec(text)?.[1];
      const said = { hasToken: text.includes('"clientToken"'), ...(status !== undefined && { status }) };
      folded.asked(thingName, about.operation, about.jobId, said);
    },
  };
}

/** Of a pull the service tells, and of an answer it tells more. */
export function ofRun(receivers: Receivers): Observer {
  return {
    ...observeEvery((seen) => seeOfRun(receivers, seen)),
    moved: undefined,
    execution: undefined,
    download: undefined,
    lag: undefined,
    pinged: undefined,
  };
}

function seeOfRun({ fold, note }: Receivers, seen: Observation): void {
  const folded = fold();
  const { thingName } = seen;
  if (folded === undefined || thingName === undefined) return;
  switch (seen.kind) {
    case 'connected':
      folded.touch(thingName)?.connected(seen.client?.protocol);
      break;
    case 'disconnected':
      folded.touch(thingName)?.disconnected();
      break;
    case 'power':
      if (!seen.on) folded.touch(thingName)?.disconnected();
      break;
    case 'sent': {
      const { operation, jobId, body } = seen.request;
      const { status, clientToken } = body;
      folded.asked(thingName, operation, jobId, { hasToken: clientToken !== undefined, ...(status && { status }) });
      break;
    }
    case 'received':
      if (seen.message.kind === 'reply') folded.answered(thingName, seen.message.operation);
      break;
    case 'subscribed':
      folded.entry(thingName)?.subscribed(seen.filters.map(({ filter }) => filter));
      break;
    case 'traced':
      folded.touch(thingName)?.traced(seen.trace);
      // Steps are on the tile; of all others a line is worth reading.
      if (seen.trace.kind === 'step' || seen.trace.kind === 'download') return;
      break;
  }
  note(thingName, seen);
}
