/**
 * The device that is looked at: its state in words, its inside where it is a simulated one, now and as it was when its job was
 * pulled, the service's view of it, what is odd about it, and what was said.
 */
import type { DeviceFrame } from '../../broker/live/contract.ts';
import { type DeviceView, type SlotView } from '../../observation/inside.ts';
import { identityKey } from '../../observation/execution.ts';
import { device, endpoints, fleet, look, selected, serviceNow } from './feed.ts';
import { Lines } from './lines.tsx';
import { remarkWords, stateWords } from './words.ts';

export function Panel() {
  const name = selected.value;
  const looked = device.value;
  if (name === undefined) return <Welcome />;
  if (looked === undefined) {
    return (
      <aside class="panel" aria-label={name} onKeyDown={leaveByKey}>
        <header class="who">
          <h2>{name}</h2>
          <CloseButton />
          <p class="quiet">Nothing is known of it.</p>
        </header>
      </aside>
    );
  }
  const words = stateWords(looked, serviceNow.value);
  const about = [looked.hardware, looked.protocol].filter((text) => text !== undefined).join(' · ');
  return (
    <aside class="panel" aria-label={looked.name} onKeyDown={leaveByKey}>
      <header class="who">
        <h2>{looked.name}</h2>
        <span class="about">{about}</span>
        <CloseButton />
        <p class={`state ${words.tone}`} role="status">
          {words.tone === 'green' && <Sign d="M2 7.5l3.5 3.5L12 4" />}
          {words.tone === 'red' && <Sign d="M3 3l8 8m0-8l-8 8" />}
          {words.title}
        </p>
        {words.more !== undefined && <p class="more">{words.more}</p>}
      </header>
      {looked.view !== undefined && <Inside view={looked.view} before={looked.viewAtPull} />}
      <ServiceView device={looked} />
      {looked.remarks.length > 0 && (
        <section class="remarks">
          <h3>Remarks</h3>
          <ul>
            {looked.remarks.map(([code, times]) => (
              <li key={code}>
                {remarkWords[code]}
                {times > 1 && <span class="quiet"> {times} times</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Lines />
    </aside>
  );
}

/** Back to the field, where the next device is chosen: what had the focus is gone. */
function leave(): void {
  look(undefined);
  document.querySelector<HTMLElement>('[role="listbox"]')?.focus();
}

function leaveByKey({ key }: KeyboardEvent): void {
  if (key === 'Escape') leave();
}

function CloseButton() {
  return (
    <button type="button" class="close" aria-label="Close this device" onClick={leave}>
      <Sign d="M3 3l8 8m0-8l-8 8" />
    </button>
  );
}

function Sign({ d }: { readonly d: string }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <path d={d} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

/** Where to point a device, as long as none is chosen. */
function Welcome() {
  const { mqtt, mqtts, http } = endpoints.value;
  const places = [
    ['MQTT', mqtt],
    ['MQTT over TLS', mqtts],
    ['SDK and AWS CLI', http, 'AWS_ENDPOINT_URL='],
  ] as const;
  const isEmpty = fleet.value.names.length === 0;
  return (
    <aside class="panel" aria-label="How to connect">
      <header class="who">
        <h2>{isEmpty ? 'Connect a device' : 'Choose a device'}</h2>
        <p class="more">
          {isEmpty
            ? 'Point it, an SDK or the AWS CLI here. It appears as a tile when it connects.'
            : 'Click a tile, or walk over the field with the arrow keys. Drag over several to choose them together.'}
        </p>
      </header>
      <section>
        <h3>Your own device</h3>
        <dl class="facts">
          {places.map(
            ([name, place, variable]) =>
              place !== undefined && [
                <dt key={name}>{name}</dt>,
                <dd key={place}>
                  <code>
                    {variable}
                    <wbr />
                    {place}
                  </code>
                </dd>,
              ],
          )}
        </dl>
        {!isEmpty && <p class="quiet">It appears here when it connects.</p>}
      </section>
    </aside>
  );
}

function ServiceView({ device: { queue } }: { readonly device: DeviceFrame }) {
  return (
    <section class="service-view">
      <h3>At the service</h3>
      {queue.length === 0 ? (
        <p class="quiet">Nothing is pending.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">No.</th>
              <th scope="col">Status</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {queue.slice(0, 6).map(({ jobId, executionNumber, status, versionNumber, namespaceId }, index) => (
              <tr key={`${jobId}#${executionNumber}`}>
                <td>
                  <b>{jobId}</b>
                  {namespaceId !== undefined && <span class="quiet"> in {namespaceId}</span>}
                  {index === 0 && <span class="quiet"> next</span>}
                </td>
                <td>{executionNumber}</td>
                <td>{status}</td>
                <td>{versionNumber}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {queue.length > 6 && <p class="quiet">and {queue.length - 6} more</p>}
    </section>
  );
}

function Inside({ view, before }: { readonly view: DeviceView; readonly before: DeviceView | undefined }) {
  const { slots, ram, flash, boots, checkpoint } = view;
  const wasChanged = (now: unknown, was: unknown): boolean =>
    before !== undefined && JSON.stringify(now) !== JSON.stringify(was);
  const checkpointText = inWords(checkpoint);
  const checkpointBefore = inWords(before?.checkpoint);
  return (
    <section class="inside">
      <h3>Inside</h3>
      <dl>
        {slots.map((slot, index) => {
          const was = before?.slots[index];
          return [
            <dt key={`t${index}`}>Slot {'ABCD'[index]}</dt>,
            <dd key={`d${index}`}>
              <Bar part={partOf(slot, view)} isWork={slot.state === 'partial'} />
              <span>
                <SlotText slot={slot} view={view} />
                {was !== undefined && wasChanged(slot, was) && <span class="was">was {slotWords(was, before!)}</span>}
              </span>
            </dd>,
          ];
        })}
        <dt>Checkpoint</dt>
        <dd>
          <span class="mono wide">{checkpointText ?? 'none'}</span>
          {wasChanged(checkpointText, checkpointBefore) && <span class="was">was {checkpointBefore ?? 'none'}</span>}
        </dd>
        <dt>RAM</dt>
        <dd>
          <Bar part={ram.usedBytes / Math.max(1, ram.budgetBytes)} isWork={view.openDownload} />
          <span>
            {kilobytes(ram.usedBytes)} of {kilobytes(ram.budgetBytes)} KB
            {before !== undefined && wasChanged(ram.usedBytes, before.ram.usedBytes) && (
              <span class="was">was {kilobytes(before.ram.usedBytes)}</span>
            )}
          </span>
        </dd>
        <dt>Flash</dt>
        <dd>
          <span class="wide">{flash.erases} erases</span>
          <span>{flash.wear} of the sector erased most</span>
        </dd>
        <dt>Power</dt>
        <dd>
          <span class="wide">{view.powered ? 'on' : 'off'}</span>
          <span>
            {boots} {boots === 1 ? 'boot' : 'boots'}
          </span>
        </dd>
      </dl>
    </section>
  );
}

function Bar({ part, isWork }: { readonly part: number; readonly isWork: boolean }) {
  return (
    <span class={`bar ${isWork ? 'work' : ''}`}>
      <i style={{ width: `${Math.round(Math.min(1, Math.max(0, part)) * 100)}%` }} />
    </span>
  );
}

/** How full a slot is: of an image that is being written, as far as it was downloaded. */
function partOf({ state }: SlotView, { execution, downloads }: DeviceView): number {
  if (state === 'empty') return 0;
  if (state !== 'partial') return 0.85;
  const download = execution && downloads[identityKey(execution)];
  return download === undefined ? 0.4 : 0.85 * Math.min(1, download.bytes / Math.max(1, download.imageBytes));
}

const slotStates: Readonly<Record<SlotView['state'], string>> = {
  empty: 'empty',
  partial: 'is being written',
  ready: 'ready',
  'pending-verify': 'is being tested',
  confirmed: 'confirmed',
  invalid: 'not bootable',
};

function SlotText({ slot, view }: { readonly slot: SlotView; readonly view: DeviceView }) {
  const runs = view.slots[view.activeSlot] === slot ? 'runs, ' : '';
  if (slot.state === 'empty' || slot.state === 'partial') return <>{slotWords(slot, view)}</>;
  return (
    <>
      <b>{slot.version ?? 'an image'}</b> {runs}
      {slotStates[slot.state]}
    </>
  );
}

function slotWords(slot: SlotView, view: DeviceView): string {
  if (slot.state === 'empty') return 'empty';
  if (slot.state === 'partial')
    return `${Math.round((partOf(slot, view) / 0.85) * 100)} % of ${slot.version ?? 'an image'}`;
  return `${slot.version ?? 'an image'} ${slotStates[slot.state]}`;
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 1024);
}

/** A checkpoint in a few words: its job, and what it is at. */
function inWords(checkpoint: object | undefined): string | undefined {
  if (checkpoint === undefined) return undefined;
  const { execution, jobId, step, phase } = checkpoint as {
    readonly execution?: { readonly jobId?: string; readonly executionNumber?: number };
    readonly jobId?: string;
    readonly step?: string;
    readonly phase?: string;
  };
  const job = execution?.jobId ?? jobId;
  const number = execution?.executionNumber === undefined ? '' : `#${execution.executionNumber}`;
  const at = step ?? phase;
  return job === undefined ? 'kept' : `${job}${number}${at === undefined ? '' : ` at ${at}`}`;
}
