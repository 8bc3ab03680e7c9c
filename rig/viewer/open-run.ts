/**
 * How a person opens a run on any page: drops its run.json anywhere, or presses a button and chooses it, by keyboard too. What
 * cannot be shown is said in one line, and the page stays as it is.
 */
import { type OpenedRun, openRunFile } from './run-file.ts';

export interface RunTaker {
  readonly show: (opened: OpenedRun) => void;
  readonly refuse: (why: string) => void;
}

/** Takes what is dropped anywhere on the page. */
export function takeDrops(taker: RunTaker): void {
  const cover = document.createElement('div');
  cover.className = 'drop-here';
  cover.textContent = 'Drop a run.json to see that run';
  const over = (event: DragEvent): void => {
    if (!hasFile(event)) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
    if (!cover.isConnected) document.body.append(cover);
  };
  addEventListener('dragenter', over);
  addEventListener('dragover', over);
  addEventListener('dragleave', ({ relatedTarget }) => {
    // It leaves the window, and not one part of it for another.
    if (relatedTarget === null) cover.remove();
  });
  addEventListener('drop', (event) => {
    cover.remove();
    if (!hasFile(event)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    const [file] = files;
    if (files.length > 1) taker.refuse(`These are ${files.length} files: drop one run.json.`);
    else if (file !== undefined) void take(file, taker);
  });
}

function hasFile({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') === true;
}

/** Lets a person choose a file. */
export function chooseRun(taker: RunTaker): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.json,application/json';
  input.hidden = true;
  input.addEventListener('cancel', () => input.remove());
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    input.remove();
    if (file !== undefined) void take(file, taker);
  });
  // In the tree, since nothing else would keep it until somebody has chosen; over an open dialog all else is inert.
  (document.querySelector('dialog[open]') ?? document.body).append(input);
  input.click();
}

async function take(file: File, { show, refuse }: RunTaker): Promise<void> {
  const opened = await openRunFile(file);
  if (typeof opened === 'string') refuse(opened);
  else show(opened);
}
