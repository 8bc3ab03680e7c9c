/**
 * What devices download, as observations: only of a known job, since a claim is about the execution of one. An upload is no
 * download, and one that is refused has been asked for and no more.
 */
import type { Observer } from '../observation/observation.ts';
import type { EpochMs } from '../protocol/time.ts';
import type { TransferEvent, TransferListener } from '../protocol/transfers.ts';

export function observeDownloads(see: NonNullable<Observer['download']>, now: () => EpochMs): TransferListener {
  return (event) => {
    const { transfer } = event;
    const { thingName, jobId, executionNumber, start, totalBytes, direction, by, blocks } = transfer;
    const state = stateOf(event);
    if (jobId === undefined || direction === 'upload' || state === undefined) return;
    see({
      kind: 'download',
      source: 'service',
      at: now(),
      thingName,
      jobId,
      ...(executionNumber !== undefined && { executionNumber }),
      fromByte: start,
      bytes: event.kind === 'asked' ? transfer.bytes : event.bytes,
      totalBytes,
      ...(blocks !== undefined && { blocks }),
      state,
      via: by === 'url' ? 'http' : 'stream',
    });
  };
}

function stateOf(event: TransferEvent): 'asked' | 'finished' | 'given-up' | undefined {
  if (event.kind === 'asked') return 'asked';
  if (event.outcome === 'refused') return undefined;
  return event.outcome === 'finished' ? 'finished' : 'given-up';
}
