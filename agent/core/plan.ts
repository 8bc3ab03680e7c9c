/**
 * Job documents: what a document asks for, as a plan, or why this agent cannot do it. Decides everything that can be
 * decided before the execution is started, because REJECTED is only reachable from QUEUED (recovery-bugs.md R25).
 * Reads jobrig's firmware and reboot documents and the `steps` form of the AWS IoT Device Client; the documents of FreeRTOS
 * OTA and Greengrass are recognised, so that the refusal names them.
 */
import { type JsonObject, isJsonObject } from '../../protocol/json.ts';
import type { DurationMs } from '../../protocol/time.ts';

export interface FirmwareImage {
  readonly url: string;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface HandlerRun {
  readonly name: string;
  /** The handler's file, or the command's first word. */
  readonly program: string;
  readonly durationMs: DurationMs;
  /** The job goes on when this run fails. */
  readonly mayFail: boolean;
}

export type Plan =
  | { readonly kind: 'firmware'; readonly version: string; readonly image: FirmwareImage }
  | { readonly kind: 'handlers'; readonly runs: readonly HandlerRun[] }
  | { readonly kind: 'reboot' };

/** What this device can hold; decides which jobs it takes. */
export interface Capacity {
  readonly slotBytes: number;
  /** How much of an image is downloaded, verified and written at a time. */
  readonly segmentBytes: number;
  /** RAM free for a job once the device is connected. */
  readonly freeBytes: number;
  /** RAM that a download's own TLS session takes. */
  readonly tlsBytes: number;
}

/** Why a document cannot be done; goes into the status details. */
export interface Refusal {
  readonly refused: string;
}

/** Assumed: how long a simulated handler takes. */
const handlerDurationMs: DurationMs = 2000;
const commandDurationMs: DurationMs = 500;
const maxHandlers = 32;
const maxVersionLength = 64;

export function readDocument(document: JsonObject, bytes: number, capacity: Capacity): Plan | Refusal {
  if (bytes > capacity.freeBytes) return { refused: `The job document needs ${bytes} bytes of memory` };
  if (document['operation'] === 'firmware') return readFirmware(document, bytes, capacity);
  if (document['operation'] === 'reboot') return { kind: 'reboot' };
  if (Array.isArray(document['steps'])) return readHandlers(document, document['steps']);
  if ('afr_ota' in document)
    return { refused: 'FreeRTOS OTA needs MQTT file streams, which this agent does not speak' };
  if ('deploymentId' in document || 'components' in document || 'packages' in document) {
    return { refused: 'A Greengrass deployment needs Greengrass, which is not on this device' };
  }
  return { refused: 'The job document asks for nothing that this agent knows' };
}

function readFirmware(document: JsonObject, bytes: number, capacity: Capacity): Plan | Refusal {
  const { version, image } = document;
  if (typeof version !== 'string' || version === '' || version.length > maxVersionLength) {
    return { refused: 'version must be a text of 1 to 64 characters' };
  }
  if (!isJsonObject(image)) return { refused: 'image must be an object' };
  const { url, sizeBytes, sha256 } = image;
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return { refused: 'image.url must be an HTTP address' };
  if (typeof sizeBytes !== 'number' || !Number.isInteger(sizeBytes) || sizeBytes <= 0) {
    return { refused: 'image.sizeBytes must be a whole number above zero' };
  }
  if (typeof sha256 !== 'string' || !/^[0-9a-fA-F]{64}$/.test(sha256)) {
    return { refused: 'image.sha256 must be 64 hexadecimal digits' };
  }
  if (sizeBytes > capacity.slotBytes) {
    return { refused: `The image has ${sizeBytes} bytes, a firmware slot ${capacity.slotBytes}` };
  }
  const needed = bytes + capacity.tlsBytes + capacity.segmentBytes;
  if (needed > capacity.freeBytes) {
    return { refused: `The download needs ${needed} bytes of memory, ${capacity.freeBytes} are free` };
  }
  return { kind: 'firmware', version, image: { url, sizeBytes, sha256: sha256.toLowerCase() } };
}

/**
 * Device Client form: `{version, steps: [{action: {name, type, input}}], finalStep?}`. Its `conditions` ask about an
 * operating system, which a device of this kind does not have; they are not looked at.
 */
function readHandlers(document: JsonObject, steps: readonly unknown[]): Plan | Refusal {
  const entries: readonly unknown[] = document['finalStep'] === undefined ? steps : [...steps, document['finalStep']];
  if (entries.length === 0) return { refused: 'steps is empty' };
  if (entries.length > maxHandlers) return { refused: `More than ${maxHandlers} steps` };
  const runs: HandlerRun[] = [];
  for (const entry of entries) {
    const run = readAction(entry);
    if ('refused' in run) return run;
    runs.push(run);
  }
  return { kind: 'handlers', runs };
}

function readAction(entry: unknown): HandlerRun | Refusal {
  const action = isJsonObject(entry) ? entry['action'] : undefined;
  if (!isJsonObject(action)) return { refused: 'A step has no action' };
  const { name, type, input } = action;
  // The Device Client has it as a text.
  const mayFail = action['ignoreStepFailure'] === 'true' || action['ignoreStepFailure'] === true;
  if (typeof name !== 'string' || name === '') return { refused: 'An action has no name' };
  if (!isJsonObject(input)) return { refused: `Action ${name} has no input` };
  if (type === 'runHandler') {
    const { handler } = input;
    if (typeof handler !== 'string' || handler === '') return { refused: `Action ${name} names no handler` };
    return { name, program: handler, durationMs: handlerDurationMs, mayFail };
  }
  if (type === 'runCommand') {
    const { command } = input;
    if (typeof command !== 'string' || command === '') return { refused: `Action ${name} has no command` };
    return { name, program: command.split(',', 1)[0]!.trim(), durationMs: commandDurationMs, mayFail };
  }
  return { refused: `Action ${name} has the unknown type ${String(type)}` };
}
