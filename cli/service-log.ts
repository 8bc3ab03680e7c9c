/**
 * The log of `jobrig serve` on stderr: lines for a person where that is a terminal, one object of JSON a line (pino) where a
 * machine reads it.
 */
import colors from 'picocolors';
import type { Service } from '../broker/start-service.ts';
import type { Observation } from '../observation/observation.ts';
import type { ServiceEvent } from '../broker/service-events.ts';
import { type LogLevel, type LogLine, lineOfEvent, lineOfObservation, logLevels } from './log-lines.ts';
import { RepeatedLines } from './repeated-lines.ts';
import { printable } from './printable.ts';

export interface ServiceLog {
  /** Something about the service itself. */
  say(level: LogLine['level'], text: string): void;
  readonly tell: (event: ServiceEvent) => void;
  /** Looks at jobs and their executions, and, where everything is wanted, at every message. */
  watch(service: Pick<Service, 'observe'>): void;
  finish(): void;
}

type Write = (line: LogLine) => void;

export async function openServiceLog(level: LogLevel): Promise<ServiceLog> {
  const least = logLevels.indexOf(level);
  const isWanted = (line: LogLine): boolean => logLevels.indexOf(line.level) >= least;
  const write: Write = process.stderr.isTTY ? forPeople : await forMachines();
  const repeated = new RepeatedLines(write);
  const take = (line: LogLine | undefined): void => {
    if (line !== undefined && isWanted(line)) repeated.take(line);
  };
  const look = (seen: Observation): void => take(lineOfObservation(seen));
  return {
    say(sayLevel, text) {
      const line = { level: sayLevel, kind: 'said', text, fields: {} };
      if (isWanted(line)) write(line);
    },
    tell: (event) => take(lineOfEvent(event)),
    watch(service) {
      if (least > logLevels.indexOf('info')) return;
      service.observe({ job: look, execution: look, ...(level === 'debug' && { sent: look, received: look }) });
    },
    finish: () => repeated.finish(),
  };
}

const paints = {
  debug: colors.dim,
  info: (text: string) => text,
  warn: colors.yellow,
  error: colors.red,
} as const satisfies Record<LogLine['level'], (text: string) => string>;

function forPeople({ level, text }: LogLine): void {
  const time = new Date().toTimeString().slice(0, 8);
  process.stderr.write(`${colors.dim(time)} ${paints[level](printable(text))}\n`);
}

async function forMachines(): Promise<Write> {
  const { pino } = await import('pino');
  const logger = pino({ level: 'debug', base: null }, pino.destination({ fd: 2, sync: true }));
  return ({ level, text, fields }) => logger[level](fields, text);
}
