/** A scenario in words: one sentence for each thing that happens in it, in order, for people who read of a failure. */
import type { Fault } from '../../faults/plan.ts';
import type { DurationMs } from '../../protocol/time.ts';
import type { Deed, Entry, Scenario, Trigger } from './contract.ts';
import { spanText } from './format/units.ts';
import { deedWords, happenedWords, triggerWords } from './words.ts';

/** e.g. `When the device is at write: the operator deletes the execution of update, by force.` */
export function tellScenario({ given, script, meanwhile }: Scenario): readonly string[] {
  const { things, faults } = given;
  const devices = things.map(({ thing, hardware, session }) =>
    [
      thing,
      hardware === undefined ? '' : ` (${hardware})`,
      session === 'persistent' ? ', which keeps its session' : '',
    ].join(''),
  );
  return [
    `There ${things.length === 1 ? 'is one device' : `are ${things.length} devices`}: ${devices.join(', ')}.`,
    ...faults.faults.map(faultSentence),
    ...[...meanwhile].sort((a, b) => instantOf(a) - instantOf(b)).map((entry) => entrySentence(entry, 'As soon as')),
    ...script.map((entry) => entrySentence(entry, 'When')),
  ];
}

/** Entries that wait for a time come in its order, all others after them. */
function instantOf({ when }: Entry): DurationMs {
  return when?.on === 'at' ? when.atMs : Infinity;
}

function entrySentence({ when, deeds }: Entry, waiting: string): string {
  const does = deeds.map(deedSentence).join(', and ');
  if (when === undefined) return `${capital(does)}.`;
  if (when.on === 'at') return `${spanText(when.atMs)} after the start: ${does}.`;
  if (deeds.length === 0) return `The script waits for ${triggerWords(when)}.`;
  return `${waiting} ${conditionWords(when)}: ${does}.`;
}

function conditionWords(when: Trigger): string {
  return happenedWords(when) + (when.thing === undefined ? '' : ` (${when.thing})`);
}

function deedSentence(deed: Deed): string {
  const who = isOperators(deed) ? 'the operator ' : 'the rig ';
  const about = 'thing' in deed && deed.thing !== undefined ? ` (${deed.thing})` : '';
  return `${who}${deedWords(deed)}${about}`;
}

function isOperators(deed: Deed): boolean {
  return /-(job|execution|group|thing)$/.test(deed.do);
}

function faultSentence(fault: Fault): string {
  const span = `from ${spanText(fault.fromMs)} to ${spanText(fault.untilMs)}`;
  const things = 'things' in fault && fault.things !== '*' ? ` of ${fault.things}` : '';
  if (fault.kind === 'message' || fault.kind === 'service') {
    const share = fault.perMillion === 1_000_000 ? 'every' : `${fault.perMillion / 10_000} % of every`;
    const what =
      fault.kind === 'message'
        ? `${fault.direction}${things} is ${fault.effect}`
        : `answer${things} is ${fault.answer}`;
    return `${capital(share)} ${what}, ${span}.`;
  }
  const times = fault.times === 1 ? 'once' : `${fault.times} times`;
  const forMs = 'forMs' in fault ? ` for ${spanText(fault.forMs)}` : '';
  const byMs = 'byMs' in fault ? ` by ${spanText(fault.byMs)}` : '';
  return `${capital(fault.kind.replaceAll('-', ' '))}${things}${forMs}${byMs}, ${times} ${span}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
