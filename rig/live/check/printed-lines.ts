/**
 * What a program prints, line by line, within bounds: a long line is cut, one without end is not waited for, and of a program
 * that prints without pause so many lines a second are kept, and the others counted.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

/** Longer lines are cut: a device's log is for people. */
const maxLineCharacters = 2000;
/** In one second. */
const maxLines = 500;

export interface LinesOptions {
  /** Of the host, in milliseconds. */
  readonly now: () => number;
  readonly onLine: (line: string) => void;
}

/** Resolves when the output has ended. */
export async function readLines(output: Readable, { now, onLine }: LinesOptions): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let line = '';
  let isCut = false;
  let secondBegan = now();
  let count = 0;
  let leftOut = 0;

  function tell(text: string): void {
    const at = now();
    if (at - secondBegan >= 1000) {
      tellLeftOut();
      secondBegan = at;
      count = 0;
    }
    count += 1;
    if (count <= maxLines) onLine(text);
    else leftOut += 1;
  }

  function tellLeftOut(): void {
    if (leftOut > 0) onLine(`… ${leftOut} more lines within a second`);
    leftOut = 0;
  }

  function take(text: string): void {
    const room = maxLineCharacters - line.length;
    line += text.slice(0, room);
    isCut ||= text.length > room;
  }

  function end(): void {
    tell(`${line.replace(/\r$/, '')}${isCut ? ' …' : ''}`);
    line = '';
    isCut = false;
  }

  try {
    for await (const chunk of output) {
      const parts = decoder.write(chunk as Buffer).split('\n');
      for (const [index, part] of parts.entries()) {
        take(part);
        if (index < parts.length - 1) end();
      }
    }
  } catch {
    // The pipe went with the process.
  }
  if (line !== '') end();
  tellLeftOut();
}
