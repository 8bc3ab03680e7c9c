/**
 * What the agent has the hardware do, as calls of the device: one row an operation. A reset is not here, because it ends the
 * agent that asked for it: board.ts sees to that.
 */
import type { EpochMs } from '../../protocol/time.ts';
import type { Checkpoint, Operation, OperationKind } from '../core/contract.ts';
import type { Device, Started } from '../device/device.ts';

type Performed = Exclude<OperationKind, 'reset'>;
type OperationOf<Kind extends OperationKind> = Extract<Operation, { readonly kind: Kind }>;

const calls: {
  readonly [Kind in Performed]: (device: Device<Checkpoint>, operation: OperationOf<Kind>, now: EpochMs) => Started;
} = {
  reserve: (device, { bytes }) => device.reserveDocument(bytes),
  release: (device) => device.releaseDocument(),
  download: (device, { image, offset, bytes }, now) => device.download(image, offset, bytes, now),
  'close-download': (device) => device.closeDownload(),
  verify: (device, { image, offset, bytes }, now) => device.verify(image, offset, bytes, now),
  write: (device, { image, offset, bytes, erasesAhead }, now) => device.write(image, offset, bytes, erasesAhead, now),
  check: (device, { image }, now) => device.check(image, now),
  select: (device, { image, version }, now) => device.select(image, version, now),
  discard: (device, _operation, now) => device.discardSpare(now),
  run: (device, { handler, durationMs }, now) => device.run(handler, durationMs, now),
  'self-test': (device, _operation, now) => device.selfTest(now),
  confirm: (device, _operation, now) => device.confirm(now),
};

export function perform(device: Device<Checkpoint>, operation: OperationOf<Performed>, now: EpochMs): Started {
  // A row takes the operation of its own name, which the type checker cannot follow.
  const call = calls[operation.kind] as (device: Device<Checkpoint>, operation: Operation, now: EpochMs) => Started;
  return call(device, operation, now);
}
