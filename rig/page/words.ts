/** Figures and states in words, as the live page says them. */
import type { Counters, DeviceFrame, DeviceState, RemarkCode, RunHead } from '../../broker/live/contract.ts';
import { spanText } from '../report/words.ts';

/** What the legend calls them; several states may look alike. */
export interface Look {
  readonly name: string;
  readonly states: readonly DeviceState[];
  /** Shown even where no device is in it: always, or where devices tell at which step they are. */
  readonly isUsual: boolean | 'with steps';
}

export const looks: readonly Look[] = [
  { name: 'away', states: ['away'], isUsual: false },
  { name: 'waiting', states: ['waiting'], isUsual: true },
  { name: 'at work', states: ['working'], isUsual: false },
  { name: 'receive', states: ['receive'], isUsual: 'with steps' },
  { name: 'download', states: ['download', 'verify'], isUsual: 'with steps' },
  { name: 'write', states: ['write'], isUsual: 'with steps' },
  { name: 'activate', states: ['activate'], isUsual: 'with steps' },
  { name: 'reboot', states: ['reboot'], isUsual: 'with steps' },
  { name: 'self-test', states: ['self-test', 'confirm', 'report'], isUsual: 'with steps' },
  { name: 'succeeded', states: ['succeeded'], isUsual: true },
  { name: 'failed', states: ['failed'], isUsual: false },
  { name: 'pulled', states: ['pulled'], isUsual: true },
  { name: 'recovered', states: ['recovered'], isUsual: true },
  { name: 'broken', states: ['broken'], isUsual: false },
];

const doing: Readonly<Partial<Record<DeviceState, string>>> = {
  working: 'Works on its job',
  receive: 'Reads the job document',
  download: 'Downloads the image',
  verify: 'Verifies the image',
  write: 'Writes the image',
  activate: 'Activates the image',
  reboot: 'Reboots',
  'self-test': 'Tests itself',
  confirm: 'Confirms the image',
  report: 'Reports what came of it',
};

const pulledWhile: Readonly<Partial<Record<DeviceState, string>>> = {
  receive: 'while it read the job document',
  download: 'while it downloaded the image',
  verify: 'while it verified the image',
  write: 'while it wrote the image',
  activate: 'while it activated the image',
  reboot: 'while it rebooted',
  'self-test': 'while it tested itself',
  confirm: 'while it confirmed the image',
  report: 'while it reported',
};

export interface StateWords {
  readonly tone: 'plain' | 'red' | 'green';
  readonly title: string;
  readonly more?: string;
}

export function stateWords(device: DeviceFrame, now: number): StateWords {
  const { state, pull, verdict } = device;
  const more = pull && `The job ${pull.jobId} was deleted by force ${pulledWhile[pull.state] ?? 'while it worked'}.`;
  const say = (tone: StateWords['tone'], title: string): StateWords => ({ tone, title, ...(more && { more }) });
  if (state === 'broken') return say('red', `Broken: ${verdict ?? 'it did not recover'}`);
  if (state === 'pulled' && pull !== undefined) {
    return say('red', `Not recovered for ${spanText(Math.max(0, now - pull.at))}`);
  }
  if (state === 'recovered' && pull?.recoveredMs !== undefined) {
    return say('green', `Recovered in ${spanText(pull.recoveredMs)}`);
  }
  const work = doing[state];
  if (work !== undefined) return say('plain', work);
  const idle = { away: 'Is not connected', succeeded: 'Has done its job', failed: 'Its job failed' } as const;
  const title = state === 'away' || state === 'succeeded' || state === 'failed' ? idle[state] : 'Waits for a job';
  return { tone: 'plain', title };
}

/** One word of a headline, with its tone. */
export type Part = readonly [text: string, tone?: 'red' | 'green'];

export function headline(
  { things, connected, atWork, pulled, recovered, broken, succeeded }: Counters,
  head: RunHead,
): readonly Part[] {
  if (things === 0) return [['No device yet']];
  const devices = things === 1 ? '1 device' : `${things} devices`;
  const are = things === 1 ? 'is' : 'are';
  const busy =
    atWork > 0
      ? `${atWork === things ? devices : `${atWork} of ${devices}`} ${atWork === 1 ? 'is' : 'are'} at work.`
      : connected < things
        ? things === 1
          ? '1 device is not connected.'
          : `${connected} of ${devices} ${connected === 1 ? 'is' : 'are'} connected.`
        : head.verdict !== undefined || succeeded > 0
          ? `${devices} ${are} at rest.`
          : `${devices} ${are} connected and ${things === 1 ? 'waits' : 'wait'} for a job.`;
  if (pulled === 0) return broken === 0 ? [[busy]] : [[`${busy} `], [`${broken} broken`, 'red'], ['.']];
  const missing = Math.max(0, pulled - recovered - broken);
  return [
    [`${busy} ${pulled} had the job deleted under them: `],
    [`${recovered} recovered`, 'green'],
    ...(missing > 0 ? ([[', '], [`${missing} not yet`, 'red']] as const) : []),
    ...(broken > 0 ? ([[', '], [`${broken} broken`, 'red']] as const) : []),
    ['.'],
  ];
}

export const remarkWords: Readonly<Record<RemarkCode, string>> = {
  'no-client-token': 'updates without clientToken: an answer cannot be told from another',
  'notify-without-next': 'subscribes to notify, but not to notify-next: it is not told which job is next',
  'goes-on-after-gone': 'updates an execution that no longer exists',
  'asks-after-gone': 'asks again for an execution of which it was told that it is gone',
  'not-json': 'sends what is no JSON object',
  'denied-subscription': 'subscribes to what it may not hear',
  'refused-publish': 'publishes where it may not',
  'no-such-operation': 'asks by a topic that is no operation of AWS IoT Jobs',
};

/** As a person writes it; a name with a number in it stays as it is. */
export function asSentence(act: string): string {
  return /^\S*\d/.test(act) ? act : act.charAt(0).toUpperCase() + act.slice(1);
}

/** `1:04` and up; under a minute seconds with hundredths where wanted. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

export function momentText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = ((ms - minutes * 60_000) / 1000).toFixed(2);
  return minutes > 0 ? `${minutes}:${seconds.padStart(5, '0')}` : seconds;
}

export function figure(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 100) / 10} k`;
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value.toFixed(value < 10 ? 1 : 0);
}
