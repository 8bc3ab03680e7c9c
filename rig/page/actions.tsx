/**
 * What a person can do: to the device that is looked at, to those that were chosen, or to a whole job. What came of it is said
 * in one line. A button that this rig cannot back is not shown.
 */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActionTarget, OfferedDocument, PageAction } from '../../broker/live/contract.ts';
import { thatHold } from '../../protocol/json.ts';
import { act, counters, jobs, offeredDocuments, outcome, run, selected, selection } from './feed.ts';

type Target = 'device' | 'selection' | 'job';
const wanted = signal<Target>('device');
const wantedJob = signal('');

/** In device time. */
const powerOffMs = 3000;
const linkLostMs = 10_000;
const throttleMs = 10_000;

/** Of what there is: a device that is looked at, devices that are chosen, a job. */
function targetNow(): Target | undefined {
  const possible = thatHold({
    device: selected.value !== undefined,
    selection: selection.value.size > 0,
    job: jobs.value.length > 0,
  });
  return possible.includes(wanted.value) ? wanted.value : possible[0];
}

function doing(action: PageAction): () => void {
  return () => void act(action);
}

export function Actions() {
  const target = targetNow();
  const dialog = useRef<HTMLDialogElement>(null);
  const { deeds } = run.value;
  const things: readonly string[] =
    target === 'device' && selected.value !== undefined
      ? [selected.value]
      : target === 'selection'
        ? [...selection.value]
        : [];
  const job = jobs.value.find(({ jobId }) => jobId === wantedJob.value)?.jobId ?? jobs.value[0]?.jobId;
  const aim: ActionTarget | undefined =
    target === 'job' ? (job === undefined ? undefined : { job }) : things.length > 0 ? { things } : undefined;
  const end = (what: 'pull' | 'cancel') => () => aim && void act({ do: what, target: aim });
  const said = outcome.value;
  const noThings = things.length === 0;
  return (
    <section class="actions" aria-label="Actions">
      <div class="segments" role="group" aria-label="To whom">
        <Segment of="device" now={target} isThere={selected.value !== undefined}>
          {selected.value ?? 'This device'}
        </Segment>
        <Segment of="selection" now={target} isThere={selection.value.size > 0}>
          {selection.value.size > 0 ? `Selection (${selection.value.size})` : 'Selection'}
        </Segment>
        <Segment of="job" now={target} isThere={jobs.value.length > 0}>
          Whole job
        </Segment>
      </div>
      {target === 'job' && jobs.value.length > 1 && (
        <select
          aria-label="Which job"
          value={job}
          onChange={(event) => void (wantedJob.value = event.currentTarget.value)}
        >
          {jobs.value.map(({ jobId, pending }) => (
            <option key={jobId} value={jobId}>
              {jobId} ({pending})
            </option>
          ))}
        </select>
      )}
      <Deed name="Pull job" class="red" disabled={aim === undefined} press={end('pull')} />
      <Deed name="Cancel job" disabled={aim === undefined} press={end('cancel')} />
      {deeds.includes('power-cut') && (
        <Deed name="Cut power" disabled={noThings} press={doing({ do: 'power-cut', things, forMs: powerOffMs })} />
      )}
      {deeds.includes('drop-link') && (
        <Deed name="Drop link" disabled={noThings} press={doing({ do: 'drop-link', things, forMs: linkLostMs })} />
      )}
      <Deed name="Throttle service" press={doing({ do: 'throttle', forMs: throttleMs })} />
      <Deed name="Create job" press={() => dialog.current?.showModal()} />
      <p class={`outcome ${said?.ok === false ? 'red' : ''}`} role="status">
        {said === undefined ? '' : `${said.ok ? '' : '✗ '}${said.text}`}
      </p>
      <CreateJob dialog={dialog} things={things} />
    </section>
  );
}

interface DeedProps {
  readonly name: string;
  readonly press: () => void;
  readonly class?: string;
  readonly disabled?: boolean;
}

function Deed({ name, press, ...look }: DeedProps) {
  return (
    <button type="button" onClick={press} {...look}>
      {name}
    </button>
  );
}

interface SegmentProps {
  readonly of: Target;
  readonly now: Target | undefined;
  readonly isThere: boolean;
  readonly children: string;
}

function Segment({ of, now, isThere, children }: SegmentProps) {
  return (
    <button type="button" aria-pressed={now === of} disabled={!isThere} onClick={() => void (wanted.value = of)}>
      {children}
    </button>
  );
}

interface CreateJobProps {
  readonly dialog: { readonly current: HTMLDialogElement | null };
  readonly things: readonly string[];
}

function CreateJob({ dialog, things }: CreateJobProps) {
  const [offered, setOffered] = useState<readonly OfferedDocument[]>([]);
  const [text, setText] = useState('');
  const [jobId, setJobId] = useState('');
  const [wrong, setWrong] = useState('');
  const [isForAll, setForAll] = useState(true);

  useEffect(() => {
    const fill = async (): Promise<void> => {
      const documents = await offeredDocuments();
      setOffered(documents);
      setText(documents.find(({ name }) => name === 'jobrig-firmware')?.text ?? documents[0]?.text ?? '');
    };
    // Without them a document can still be pasted.
    fill().catch(() => setOffered([]));
    setJobId(`job-${Date.now().toString(36).slice(-5)}`);
  }, []);

  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    const forThese = isForAll || things.length === 0 ? {} : { things };
    const said = await act({ do: 'create-job', jobId, document: text, ...forThese });
    setWrong(said.ok ? '' : said.text);
    if (!said.ok) return;
    dialog.current?.close();
    setJobId(`job-${Date.now().toString(36).slice(-5)}`);
  };

  return (
    <dialog ref={dialog as { current: HTMLDialogElement | null }} aria-labelledby="create-job">
      <form onSubmit={(event) => void create(event)}>
        <h2 id="create-job">Create a job</h2>
        <label>
          Job id
          <input
            value={jobId}
            required
            pattern="[a-zA-Z0-9_\-]{1,64}"
            onInput={(event) => setJobId(event.currentTarget.value)}
          />
        </label>
        <label>
          Document
          <select
            aria-label="A document that comes with jobrig"
            onChange={(event) => setText(offered.find(({ name }) => name === event.currentTarget.value)?.text ?? text)}
          >
            {offered.map(({ name }) => (
              <option key={name} value={name} selected={name === 'jobrig-firmware'}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <textarea
          aria-label="Text of the document"
          rows={10}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <fieldset>
          <legend>For</legend>
          <label>
            <input type="radio" name="for" checked={isForAll || things.length === 0} onChange={() => setForAll(true)} />
            all {counters.value.connected} that are connected
          </label>
          <label>
            <input
              type="radio"
              name="for"
              disabled={things.length === 0}
              checked={!isForAll && things.length > 0}
              onChange={() => setForAll(false)}
            />
            {things.length === 1
              ? things[0]
              : things.length === 0
                ? 'those that are chosen (none is)'
                : `the ${things.length} that are chosen`}
          </label>
        </fieldset>
        {wrong !== '' && (
          <p class="outcome red" role="alert">
            ✗ {wrong}
          </p>
        )}
        <p class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Never mind
          </button>
          <button type="submit" class="main">
            Create job
          </button>
        </p>
      </form>
    </dialog>
  );
}
