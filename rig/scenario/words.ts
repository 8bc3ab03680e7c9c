/** Triggers and deeds in words, for progress and reports that a person reads. */
import type { Deed, Trigger } from './contract.ts';
import { spanText } from './format/units.ts';

export function triggerWords(when: Trigger): string {
  const { nth = 1, afterMs = 0 } = when;
  const [who, , wanted] = happening(when);
  const times = nth === 1 ? '' : `, ${ordinal(nth)} time`;
  const later = afterMs === 0 ? '' : `, ${spanText(afterMs)} later`;
  return `${who} ${wanted}${times}${later}`;
}

/** The same as what has happened: `the device is at write the 2nd time, and 300 ms have gone by`. */
export function happenedWords(when: Trigger): string {
  const { nth = 1, afterMs = 0 } = when;
  const [who, done] = happening(when);
  const times = nth === 1 ? '' : ` the ${ordinal(nth)} time`;
  const later = afterMs === 0 ? '' : `, and ${spanText(afterMs)} have gone by`;
  return `${who} ${done}${times}${later}`;
}

const device = 'the device';

/** Of whom it is said, that it has happened, and that it is to happen. */
function happening(when: Trigger): readonly [who: string, done: string, wanted: string] {
  switch (when.on) {
    case 'connected':
      return [device, 'is connected', 'to connect'];
    case 'disconnected':
      return ['the connection', 'has ended', 'to end'];
    case 'sent': {
      const what = `${when.operation}${when.status === undefined ? '' : ` with ${when.status}`}`;
      return [device, `has sent ${what}`, `to send ${what}`];
    }
    case 'received': {
      const what = `${when.what}${when.operation === undefined ? '' : ` to ${when.operation}`}`;
      return [device, `has been told ${what}`, `to be told ${what}`];
    }
    case 'delivered':
      return [device, `has acknowledged a ${when.what}`, `to acknowledge a ${when.what}`];
    case 'execution': {
      const of = when.job === undefined ? '' : ` of ${when.job}`;
      return [`the execution${of}`, `is ${when.status}`, `to be ${when.status}`];
    }
    case 'downloaded':
      return [`${when.percent} % of the image`, 'have been asked for', 'to be asked for'];
    case 'block':
      return [`block ${when.block} of the stream`, 'has been asked for', 'to be asked for'];
    case 'printed':
      return [device, `has printed /${when.pattern}/`, `to print /${when.pattern}/`];
    case 'step': {
      const where = `${when.step}${when.percent === undefined ? '' : `, ${when.percent} %`}`;
      return [device, `is at ${where}`, `to be at ${where}`];
    }
    case 'settled':
      return [device, 'has come to rest', 'to come to rest'];
    case 'idle':
      return [device, `has said nothing for ${spanText(when.forMs)}`, `to say nothing for ${spanText(when.forMs)}`];
    case 'at':
      return [spanText(when.atMs), 'have gone by since the start', 'after the start'];
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
      return `cuts the power for ${spanText(deed.offForMs)}`;
    case 'link':
      return `${deed.how === 'drop' ? 'breaks the connection' : 'lets nothing through'} for ${spanText(deed.forMs)}`;
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
      return `moves the ${deed.of}’s clock by ${spanText(deed.jumpMs)}`;
    case 'battery':
      return `lets the supply sag for ${spanText(deed.forMs)}`;
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

export function ordinal(count: number): string {
  const ending = ['th', 'st', 'nd', 'rd'][count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? 'th';
  return `${count}${ending}`;
}
