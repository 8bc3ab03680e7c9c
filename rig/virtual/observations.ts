/**
 * What is seen of a simulated run, as observations: by each device of its own wire and inside, and by the service of its
 * executions. All instants are those of the run's one clock.
 */
import type { DeviceView } from '../../observation/inside.ts';
import type { Observer as Observing } from '../../observation/observation.ts';
import type { Board, BoardInput } from '../../agent/board/contract.ts';
import { createExecutionChanges } from '../../broker/engine/execution-changes.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { Observer } from './observer.ts';

/** @param now the clock of the run: the service's may run ahead of it */
export function observationsFor(observer: Observing, now: () => EpochMs): Observer {
  const executions = createExecutionChanges(observer, []);
  const views = new Map<string, () => DeviceView>();
  const connected = new Set<string>();

  function leave(thingName: string, at: EpochMs, end: 'lost' | 'by-device'): void {
    if (connected.delete(thingName))
      observer.disconnected?.({ kind: 'disconnected', at, source: 'device', thingName, end });
    else if (end === 'lost')
      observer['connect-failed']?.({
        kind: 'connect-failed',
        at,
        source: 'device',
        thingName,
        reason: 'nobody answered',
      });
  }

  function show(board: Board, input: BoardInput, at: EpochMs): void {
    const { thingName } = board;
    const about = { at, source: 'device', thingName } as const;
    switch (input.kind) {
      case 'power-on':
        return observer.power?.({ kind: 'power', ...about, on: true });
      case 'power-cut':
        connected.delete(thingName);
        return observer.power?.({ kind: 'power', ...about, on: false });
      case 'connected':
        connected.add(thingName);
        return observer.connected?.({ kind: 'connected', ...about, sessionPresent: input.sessionPresent });
      case 'disconnected':
        return leave(thingName, at, 'lost');
      default:
        return undefined;
    }
  }

  return {
    applied(command, { reply, changes }) {
      if (reply.accepted && changes.length > 0) executions.tell(command, changes, now());
    },
    connecting(thingName, at) {
      leave(thingName, at, 'by-device');
      observer.connecting?.({ kind: 'connecting', at, source: 'device', thingName });
    },
    sent(thingName, request, at) {
      observer.sent?.({ kind: 'sent', at, source: 'device', thingName, request, via: 'mqtt', qos: 1 });
    },
    received(thingName, message, at) {
      observer.received?.({ kind: 'received', at, source: 'device', thingName, message });
    },
    traced(thingName, trace, at) {
      observer.traced?.({ kind: 'traced', at, source: 'device', thingName, trace });
    },
    moved(board, input, at) {
      show(board, input, at);
      let view = views.get(board.thingName);
      if (view === undefined) views.set(board.thingName, (view = () => board.view()));
      observer.moved?.({ kind: 'moved', at, source: 'device', thingName: board.thingName, view });
    },
    injected(name, thingName, at) {
      const about = thingName === '' ? {} : { thingName };
      observer.fault?.({ kind: 'fault', at, source: 'host', ...about, name });
    },
  };
}
