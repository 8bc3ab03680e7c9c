/**
 * A service that keeps every command it is given and answers with what the test prepared: for doors, whose tests are about
 * translation and not about jobs.
 */
import type { Effect, OperationName, Reply } from '../../broker/engine/contract.ts';
import type { ServicePort } from '../../broker/engine/port.ts';
import type { EpochMs } from '../../protocol/time.ts';

export interface RecordedCommand {
  readonly name: OperationName;
  readonly request: unknown;
}

export interface RecordingPort extends ServicePort {
  readonly commands: RecordedCommand[];
  /** What the next and every later command is answered with. */
  reply: Reply<unknown>;
  emit(effect: Effect): void;
}

const recordedAt: EpochMs = 1_700_000_000_123;

export function createRecordingPort(): RecordingPort {
  const commands: RecordedCommand[] = [];
  const listeners = new Set<(effect: Effect) => void>();
  return {
    commands,
    reply: { accepted: true, response: undefined },
    submit(command, answer) {
      // A link asks this by itself, whatever clients do.
      if (command.name === 'jobrig:DescribeNotifications') {
        answer({ accepted: true, response: { effects: [] } } as never, recordedAt);
        return;
      }
      commands.push(command);
      answer(this.reply as never, recordedAt);
    },
    onEffect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit(effect) {
      for (const listener of listeners) listener(effect);
    },
    now: () => recordedAt,
  };
}
