/**
 * Job documents: what a document asks for, as a plan, or why this agent cannot do it. Decides everything that can be
 * decided before the execution is started, because REJECTED is only reachable from QUEUED (recovery-bugs.md R25).
 * Reads jobrig's firmware and reboot documents, OTA updates of FreeRTOS with one file, over an MQTT stream or a URL, and the
 * `steps` form of the AWS IoT Device Client; Greengrass's documents are recognised, so that the refusal names them.
 */
import { type JsonObject, isJsonObject } from '../../protocol/json.ts';
import { type StreamFormat, blockMessageBytes } from '../../protocol/stream-blocks.ts';
import type { DurationMs } from '../../protocol/time.ts';

export interface FirmwareImage {
  readonly url: string;
  readonly sizeBytes: number;
  /** Lower-case hexadecimal; of an OTA update the text of its signature, which stands for the same content. */
  readonly sha256: string;
  /** Fetched block by block over the device's own connection, instead of by the URL. */
  readonly stream?: {
    readonly streamId: string;
    readonly fileId: number;
    readonly blockBytes: number;
    readonly format: StreamFormat;
  };
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
  /** The largest MQTT message that the device can receive. */
  readonly messageBytes: number;
  /** In which blocks of streams are asked for. */
  readonly streamFormat: StreamFormat;
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
const minBlockBytes = 256;
const maxBlockBytes = 4096;

export function readDocument(document: JsonObject, bytes: number, capacity: Capacity): Plan | Refusal {
  if (bytes > capacity.freeBytes) return { refused: `The job document needs ${bytes} bytes of memory` };
  if (document['operation'] === 'firmware') return readFirmware(document, bytes, capacity);
  if (document['operation'] === 'reboot') return { kind: 'reboot' };
  if (Array.isArray(document['steps'])) return readHandlers(document, document['steps']);
  if ('afr_ota' in document) return readOtaUpdate(document['afr_ota'], bytes, capacity);
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
  return fitting(version, { url, sizeBytes, sha256: sha256.toLowerCase() }, bytes, capacity);
}

function fitting(version: string, image: FirmwareImage, bytes: number, capacity: Capacity): Plan | Refusal {
  const { sizeBytes, stream } = image;
  if (sizeBytes > capacity.slotBytes) {
    return { refused: `The image has ${sizeBytes} bytes, a firmware slot ${capacity.slotBytes}` };
  }
  const needed = bytes + (stream === undefined ? capacity.tlsBytes : 0) + capacity.segmentBytes;
  if (needed > capacity.freeBytes) {
    return { refused: `The download needs ${needed} bytes of memory, ${capacity.freeBytes} are free` };
  }
  return { kind: 'firmware', version, image };
}

/** docs/reference/streams-and-ota.md §3. A version stands in the file's attributes, if anywhere; else the signature tells images apart. */
function readOtaUpdate(update: unknown, bytes: number, capacity: Capacity): Plan | Refusal {
  if (!isJsonObject(update)) return { refused: 'FreeRTOS OTA: afr_ota must be an object' };
  const { protocols, streamname, files } = update;
  const [file, ...others] = Array.isArray(files) ? (files as readonly unknown[]) : [];
  if (!isJsonObject(file) || others.length > 0) return { refused: 'FreeRTOS OTA: an update must have one file' };
  const { filesize, fileid, update_data_url: url, attr } = file;
  if (typeof filesize !== 'number' || !Number.isInteger(filesize) || filesize <= 0) {
    return { refused: 'FreeRTOS OTA: filesize must be a whole number above zero' };
  }
  const signature = Object.entries(file).find(([name]) => name.startsWith('sig-'))?.[1];
  const content = typeof signature === 'string' ? signature : `unsigned ${String(streamname)} ${String(fileid)}`;
  const named = isJsonObject(attr) ? attr['version'] : undefined;
  const version = (typeof named === 'string' && named !== '' ? named : content).slice(0, maxVersionLength);
  const speaks = (protocol: string): boolean => Array.isArray(protocols) && protocols.includes(protocol);
  if (speaks('MQTT') && typeof streamname === 'string' && typeof fileid === 'number') {
    const blockBytes = blockBytesFor(capacity);
    if (blockBytes < minBlockBytes) return { refused: 'FreeRTOS OTA: no block of a stream fits the receive buffer' };
    const stream = { streamId: streamname, fileId: fileid, blockBytes, format: capacity.streamFormat };
    const image = { url: `stream:${streamname}/${fileid}`, sizeBytes: filesize, sha256: content, stream };
    return fitting(version, image, bytes, capacity);
  }
  if (speaks('HTTP') && typeof url === 'string' && /^https?:\/\//.test(url)) {
    return fitting(version, { url, sizeBytes: filesize, sha256: content }, bytes, capacity);
  }
  return { refused: 'FreeRTOS OTA: neither a stream nor a URL to get the file from' };
}

/** As FreeRTOS's OTA agent asks for, or fewer where the receive buffer is small; a segment is so many whole blocks. */
function blockBytesFor({ segmentBytes, messageBytes, streamFormat }: Capacity): number {
  let blockBytes = maxBlockBytes;
  const fits = (): boolean =>
    blockMessageBytes(streamFormat, blockBytes) <= messageBytes && segmentBytes % blockBytes === 0;
  while (blockBytes >= minBlockBytes && !fits()) blockBytes /= 2;
  return blockBytes;
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
