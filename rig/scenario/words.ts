/** Triggers and deeds in words, for progress and reports that a person reads. */
import type { DurationMs } from '../../protocol/time.ts';
import type { Deed, Trigger } from './contract.ts';

export function triggerWords(when: Trigger): string {
  const { nth = 1, afterMs = 0 } = when;
  const times = nth === 1 ? '' : `, ${ordinal(nth)} time`;
  const later = afterMs === 0 ? '' : `, ${spanWords(afterMs)} later`;
  return `${happeningWords(when)}${times}${later}`;
}

/** The same as what has happened: `the device is at write, 2nd time, 300 ms later`. */
export function happenedWords(when: Trigger): string {
  const { nth = 1, afterMs = 0 } = when;
  const times = nth === 1 ? '' : ` the ${ordinal(nth)} time`;
  const later = afterMs === 0 ? '' : `, and ${spanWords(afterMs)} have gone by`;
  return `${happened(when)}${times}${later}`;
}

function happened(when: Trigger): string {
  switch (when.on) {
    case 'connected':
      return 'the device is connected';
    case 'disconnected':
      return 'the connection has ended';
    case 'sent':
      return `the device has sent ${when.operation}${when.status === undefined ? '' : ` with ${when.status}`}`;
    case 'received':
      return `the device has been told ${when.what}${when.operation === undefined ? '' : ` to ${when.operation}`}`;
    case 'delivered':
      return `the device has acknowledged a ${when.what}`;
    case 'execution':
      return `the execution${when.job === undefined ? '' : ` of ${when.job}`} is ${when.status}`;
    case 'downloaded':
      return `${when.percent} % of the image have been asked for`;
    case 'block':
      return `block ${when.block} of the stream has been asked for`;
    case 'printed':
      return `the device has printed /${when.pattern}/`;
    case 'step':
      return `the device is at ${when.step}${when.percent === undefined ? '' : `, ${when.percent} %`}`;
    case 'settled':
      return 'the device has come to rest';
    case 'idle':
      return `the device has said nothing for ${spanWords(when.forMs)}`;
    case 'at':
      return `${spanWords(when.atMs)} have gone by since the start`;
  }
}

function happeningWords(when: Trigger): string {
  switch (when.on) {
    case 'connected':
      return 'the device to connect';
    case 'disconnected':
      return 'the connection to end';
    case 'sent':
      return `the device to send ${when.operation}${when.status === undefined ? '' : ` with ${when.status}`}`;
    case 'received':
      return `the device to be told ${when.what}${when.operation === undefined ? '' : ` to ${when.operation}`}`;
    case 'delivered':
      return `the device to acknowledge a ${when.what}`;
    case 'execution':
      return `the execution${when.job === undefined ? '' : ` of ${when.job}`} to be ${when.status}`;
    case 'downloaded':
      return `${when.percent} % of the image to be asked for`;
    case 'block':
      return `block ${when.block} of the stream to be asked for`;
    case 'printed':
      return `the device to print /${when.pattern}/`;
    case 'step':
      return `the device to be at ${when.step}${when.percent === undefined ? '' : `, ${when.percent} %`}`;
    case 'settled':
      return 'the device to come to rest';
    case 'idle':
      return `the device to say nothing for ${spanWords(when.forMs)}`;
    case 'at':
      return `${spanWords(when.atMs)} after the start`;
  }
}

/** What is done, as a sentence without a subject. */
export function deedWords(deed: Deed): string {
  switch (deed.do) {
    case 'create-job':
      return `creates the job ${deed.job}`;
    case 'update-job':
      return `changes the timeout of ${deed.job}`;
    case 'cancel-job':
    case 'delete-job':
      return `${deed.do === 'cancel-job' ? 'cancels' : 'deletes'} the job ${deed.job}${forced(deed.force)}`;
    case 'cancel-execution':
    case 'delete-execution':
      return `${deed.do === 'cancel-execution' ? 'cancels' : 'deletes'} the execution of ${deed.job}${forced(deed.force)}`;
    case 'leave-group':
    case 'join-group':
    case 'rejoin-group':
      return `${{ 'leave-group': 'takes the thing out of', 'join-group': 'puts the thing into', 'rejoin-group': 'takes the thing out of and back into' }[deed.do]} the group`;
    case 'delete-thing':
      return 'deletes the thing';
    case 'delete-stream':
      return `deletes the stream of ${deed.job}`;
    case 'power':
      return `cuts the power for ${spanWords(deed.offForMs)}`;
    case 'link':
      return `${deed.how === 'drop' ? 'breaks the connection' : 'lets nothing through'} for ${spanWords(deed.forMs)}`;
    case 'message':
      return `faults ${deed.direction} messages: ${deed.how}`;
    case 'service':
      return `has the service ${deed.how === 'refuse' ? `refuse with ${deed.code ?? 'InvalidRequest'}` : deed.how}`;
    case 'restart-service':
      return 'restarts the service';
    case 'connect':
    case 'subscribe':
      return `has the service ${deed.how === 'refuse' ? 'refuse' : 'leave unanswered'} the next ${deed.do.toUpperCase()}`;
    case 'session':
      return 'has the service lose the session';
    case 'clock':
      return `moves the ${deed.of}’s clock by ${spanWords(deed.jumpMs)}`;
    case 'battery':
      return `lets the supply sag for ${spanWords(deed.forMs)}`;
    case 'image':
      return `makes the image of ${deed.job} ${deed.condition}`;
    case 'second-client':
      return `has another client ${deed.act.act}`;
    case 'memory':
      return `${deed.how === 'lose' ? 'loses' : 'tears'} the ${deed.what}`;
    case 'end-faults':
      return 'ends every fault';
  }
}

function forced(force: boolean): string {
  return force ? ', by force' : '';
}

export function spanWords(ms: DurationMs): string {
  if (ms < 1000 || ms % 100 !== 0) return `${ms} ms`;
  if (ms < 60_000 || ms % 1000 !== 0) return `${ms / 1000} s`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

export function ordinal(count: number): string {
  const ending = ['th', 'st', 'nd', 'rd'][count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? 'th';
  return `${count}${ending}`;
}
