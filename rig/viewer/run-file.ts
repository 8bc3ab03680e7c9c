/** A file that somebody drops or chooses, as the content of a page, or one line that says what is wrong with it. */
import type { PageContent } from '../report/page-frame.ts';
import { shownRun } from '../report/shown-run.ts';

export interface OpenedRun {
  readonly name: string;
  readonly content: PageContent;
}

/** What a browser holds at once without trouble. */
const mostBytes = 512 * 1024 * 1024;

/** @returns in words, what is wrong */
export async function openRunFile(file: File): Promise<OpenedRun | string> {
  const { name, size, type } = file;
  const why = await whyNot(file);
  if (why !== undefined) return `${name} ${why}.`;
  if (size === 0) return `${name} is empty: it has 0 bytes.`;
  const content = shownRun(await file.text());
  if (typeof content !== 'string') return { name, content };
  const about = type === '' || type === 'application/json' ? '' : ` (${type})`;
  return `${name}${about} ${content}.`;
}

async function whyNot(file: File): Promise<string | undefined> {
  if (file.size > mostBytes) return 'is too large: more than 512 MB';
  if (file.type.startsWith('image/')) return `is a picture (${file.type}), and a run is in a run.json`;
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.slice(0, 65_536).arrayBuffer());
  } catch {
    return 'cannot be read: it is a folder, or it is not there any more. Choose the run.json in it';
  }
  if (bytes.includes(0)) return 'is no text, and a run is in a run.json';
  try {
    // The end may be within a letter.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return 'is no text in UTF-8, and a run is in a run.json';
  }
  return undefined;
}
