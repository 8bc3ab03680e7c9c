/**
 * What a job document asks of a device, stated a second time: by hand from docs/reference and fixtures/job-documents, without the
 * reader of any agent, so that a mistake there is found. What the hardware has no room for cannot be asked of it.
 */
import { isJsonObject } from '../../protocol/json.ts';
import type { Duty } from '../verdict/contract.ts';

/** What of a device's hardware decides whether it can do a job. */
export interface Room {
  readonly slotBytes: number;
  /** Of the largest message that it can receive. */
  readonly messageBytes: number;
  /** RAM free for a job once it is connected. */
  readonly freeBytes: number;
  /** RAM that a download takes beside the document. */
  readonly downloadBytes: number;
}

export interface DocumentLawOptions {
  readonly room: Room;
  /** Whether the image behind this address was good all the time. */
  readonly isServed: (url: string) => boolean;
}

/** What a message holds beside the document: at most so much. */
const aroundDocumentBytes = 600;
const mostHandlers = 32;
/** A program of this name fails, as its Unix namesake. */
const failing = /(?:^|\/)false$/;

/**
 * The same for the jobs of one device, each document read once.
 *
 * @param textOf the document of a job as the service took it; `undefined`: it has not
 */
export function dutiesBy(
  textOf: (jobId: string) => string | undefined,
  law: DocumentLawOptions,
): (jobId: string) => Duty | undefined {
  const known = new Map<string, Duty | undefined>();
  return (jobId) => {
    const text = textOf(jobId);
    if (text === undefined || text === '') return undefined;
    if (!known.has(text)) known.set(text, dutyOf(text, law));
    return known.get(text);
  };
}

/** @returns nothing where it cannot be told: for somebody's own reader, or where the room is just enough or not */
function dutyOf(text: string, { room, isServed }: DocumentLawOptions): Duty | undefined {
  const document = parsed(text);
  const isTight = text.length + aroundDocumentBytes > Math.min(room.messageBytes, room.freeBytes);
  if (document['operation'] === 'reboot') return { work: 'reboot', fits: () => !isTight };
  if (document['operation'] === 'firmware') return firmware(document, text.length, isTight, { room, isServed });
  if (Array.isArray(document['steps'])) return isTight ? undefined : handlers(document, document['steps']);
  const [file, ...others] = filesOf(document) ?? [];
  if (!('steps' in document) && isJsonObject(file) && others.length === 0)
    return isTight ? undefined : otaUpdate(document, file, { room, isServed });
  return isTight ? undefined : { work: 'nothing' };
}

/** The document that was read last: all devices of a run are given the same. */
const latest = { text: '{}', document: {} as Readonly<Record<string, unknown>> };

function parsed(text: string): Readonly<Record<string, unknown>> {
  if (latest.text !== text) {
    latest.document = JSON.parse(text) as typeof latest.document;
    latest.text = text;
  }
  return latest.document;
}

function firmware(
  { version, image }: Readonly<Record<string, unknown>>,
  documentBytes: number,
  isTight: boolean,
  { room, isServed }: DocumentLawOptions,
): Duty | undefined {
  const { url, sizeBytes, sha256 } = isJsonObject(image) ? image : {};
  const isVersion = isText(version) && version.length <= 64;
  const isSize = typeof sizeBytes === 'number' && Number.isInteger(sizeBytes) && sizeBytes > 0;
  const isDigest = isText(sha256) && /^[0-9a-f]{64}$/i.test(sha256);
  if (!isVersion || !isSize || !isAddress(url) || !isDigest || sizeBytes > room.slotBytes) {
    return isTight ? undefined : { work: 'nothing' };
  }
  const needed = documentBytes + aroundDocumentBytes + room.downloadBytes;
  const fits = !isTight && needed <= room.freeBytes;
  return { work: 'firmware', version, fits: () => fits && isServed(url) };
}

/** `{steps: [{action: {name, type, input}}], finalStep?}`, the form of the AWS IoT Device Client. */
function handlers(document: Readonly<Record<string, unknown>>, steps: readonly unknown[]): Duty {
  const all = document['finalStep'] === undefined ? steps : [...steps, document['finalStep']];
  const programs = all.map(programOf);
  if (all.length === 0 || all.length > mostHandlers || programs.includes(undefined)) return { work: 'nothing' };
  const stopsAt = programs.findIndex((one) => one !== undefined && failing.test(one.program) && !one.mayFail);
  return { work: 'handlers', parts: stopsAt === -1 ? all.length : stopsAt + 1, mustFail: stopsAt !== -1 };
}

interface Program {
  readonly program: string;
  readonly mayFail: boolean;
}

function programOf(step: unknown): Program | undefined {
  const action = isJsonObject(step) ? step['action'] : undefined;
  if (!isJsonObject(action) || !isText(action['name']) || !isJsonObject(action['input'])) return undefined;
  const mayFail = action['ignoreStepFailure'] === 'true' || action['ignoreStepFailure'] === true;
  const { handler, command } = action['input'];
  if (action['type'] === 'runHandler') return isText(handler) ? { program: handler, mayFail } : undefined;
  if (action['type'] !== 'runCommand' || !isText(command)) return undefined;
  return { program: command.split(',')[0]!.trim(), mayFail };
}

/** An OTA update of one file, by a stream or a URL, as docs/reference/streams-and-ota.md §3 has it; the version is where we write it. */
function otaUpdate(
  document: Readonly<Record<string, unknown>>,
  { filesize, fileid, attr, update_data_url: url }: Readonly<Record<string, unknown>>,
  { room, isServed }: DocumentLawOptions,
): Duty | undefined {
  const { protocols, streamname } = document['afr_ota'] as Readonly<Record<string, unknown>>;
  const version = isJsonObject(attr) ? attr['version'] : undefined;
  const isSize = typeof filesize === 'number' && Number.isInteger(filesize) && filesize > 0;
  if (!isSize || filesize > room.slotBytes) return { work: 'nothing' };
  const speaks = (protocol: string): boolean => Array.isArray(protocols) && protocols.includes(protocol);
  const isByStream = speaks('MQTT') && isText(streamname) && typeof fileid === 'number';
  const isByUrl = speaks('HTTP') && isAddress(url);
  if (!isByStream && !isByUrl) return { work: 'nothing' };
  if (!isText(version)) return undefined;
  const hasRoom = 2 * aroundDocumentBytes + room.downloadBytes <= room.freeBytes;
  const source = isByStream ? `stream:${streamname}/${String(fileid)}` : String(url);
  const fits = (): boolean => hasRoom && isServed(source);
  return { work: 'firmware', version, fits, ...(isByStream && { byStream: true }) };
}

function filesOf(document: Readonly<Record<string, unknown>>): readonly unknown[] | undefined {
  const update = document['afr_ota'];
  const files = isJsonObject(update) ? update['files'] : undefined;
  return Array.isArray(files) ? files : undefined;
}

function isAddress(value: unknown): value is string {
  return isText(value) && /^https?:\/\//.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
