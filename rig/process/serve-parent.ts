/**
 * The child's end of `child.ts`: answers the parent's questions until the parent goes, then ends the process at once,
 * open sockets or not. Every child answers `usage` besides its own questions.
 */
import { present } from '../../protocol/json.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { Answer, Question, Questions, Usage } from './child.ts';

export function serveParent(questions: Questions): void {
  const all: Questions = { ...questions, usage };
  process.on('message', (question: Question) => {
    void answer(all, question).then((reply) => process.send?.(reply, undefined, undefined, ignore));
  });
  process.once('disconnect', () => process.exit(0));
  // What ends a command reaches the whole process group; the parent decides when its children end.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
}

/** The parent has gone before it was answered: the process ends by its `disconnect`. */
function ignore(): void {}

async function answer(questions: Questions, { id, name, body }: Question): Promise<Answer> {
  try {
    const handler = questions[name];
    if (handler === undefined) throw new Error(`nothing answers "${name}"`);
    return { id, result: await handler(body as never) };
  } catch (error) {
    if (error instanceof OperationalError) {
      const { code, message, hint } = error;
      return { id, refused: { code, message, ...present({ hint }) } };
    }
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, residentBytes: process.memoryUsage.rss() };
}
