/** A run that somebody dropped or chose, shown over the live page, which goes on beneath; what cannot be shown is said in one line. */
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { lookStyle } from '../report/look-style.ts';
import { pageBody } from '../report/page-frame.ts';
import { makeLively } from '../viewer/lively.ts';
import { type RunTaker, chooseRun, takeDrops } from '../viewer/open-run.ts';
import type { OpenedRun } from '../viewer/run-file.ts';

const opened = signal<OpenedRun | undefined>(undefined);
const refused = signal<string | undefined>(undefined);

const taker: RunTaker = {
  show(run) {
    refused.value = undefined;
    opened.value = run;
  },
  refuse: (why) => void (refused.value = why),
};

export function takeRuns(): void {
  takeDrops(taker);
}

export function OpenRunButton() {
  return (
    <button type="button" title="Choose a run.json, or drop it anywhere on this page" onClick={() => chooseRun(taker)}>
      Open a run
    </button>
  );
}

export function OtherRun() {
  const run = opened.value;
  return (
    <>
      {run === undefined && <Refused />}
      {run !== undefined && <ShownRun run={run} />}
    </>
  );
}

function Refused() {
  const why = refused.value;
  if (why === undefined) return null;
  return (
    <p class="lost" role="alert">
      ✗ {why}{' '}
      <button type="button" onClick={() => void (refused.value = undefined)}>
        Close
      </button>
    </p>
  );
}

function ShownRun({ run: { name, content } }: { readonly run: OpenedRun }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown !== null && !shown.open) shown.showModal();
  }, []);
  useLayoutEffect(() => {
    const host = place.current;
    if (host === null) return undefined;
    // A tree of its own: the look of reports and that of this page do not meet.
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const look = new CSSStyleSheet();
    look.replaceSync(`${lookStyle}${content.style ?? ''}`);
    root.adoptedStyleSheets = [look];
    root.innerHTML = pageBody(content).text;
    dialog.current?.scrollTo(0, 0);
    return makeLively(root);
  }, [content]);
  return (
    <dialog ref={dialog} class="other-run" aria-label={content.title} onClose={() => void (opened.value = undefined)}>
      <div class="over">
        <b>{name}</b>
        <OpenRunButton />
        <button type="button" onClick={() => dialog.current?.close()}>
          Back to the live page
        </button>
      </div>
      <Refused />
      <div ref={place} />
    </dialog>
  );
}
