/** The parts of docs/scenarios.md that the code writes: words of triggers and deeds with their members, needs, and the scenarios. */
import { z } from 'zod';
import { type DeedName, type Need, type Scenario, needs } from '../../../rig/scenario/contract.ts';
import { deedForms, deedWords, shortForms } from '../../../rig/scenario/format/deeds.ts';
import { type TriggerWord, bareTriggers, triggerForms, triggerWords } from '../../../rig/scenario/format/triggers.ts';
import { needsOf } from '../../../rig/scenario/needs.ts';
import { skippedScenarios, virtualScenarios } from '../../support/scenarios.ts';
import { type WrittenParts, writtenPage } from '../../support/written-page.ts';

export function scenariosPage(text: string): Promise<string> {
  return writtenPage('docs/scenarios.md', text, parts);
}

const triggerSays: Readonly<Record<TriggerWord, string>> = {
  connected: 'the device is connected, or becomes so',
  disconnected: 'its connection ends',
  sent: 'the device has sent this request',
  received: 'a reply or notification has left for the device, or has reached a simulated one',
  delivered: 'the device has acknowledged such a message (QoS 1)',
  execution: 'an execution has come to this status',
  downloaded: 'so much of the image has been asked for',
  block: 'this block of a stream has been asked for',
  console: 'the device has printed a line like this: `/regular expression/`',
  step: 'a simulated device is at this step, so far in it',
  settled: 'the device has come to rest, or its time for that is over',
  idle: 'the device has said nothing for so long',
  at: 'so long after the start; virtual time only',
};

const deedSays: Readonly<Record<DeedName, string>> = {
  'create-job':
    'CreateJob, for all things of the scenario unless it says otherwise; `group`: continuous, for their group',
  'update-job': 'UpdateJob: another timeout',
  'cancel-job': 'CancelJob',
  'delete-job': 'DeleteJob',
  'cancel-execution': 'CancelJobExecution',
  'delete-execution': 'DeleteJobExecution, of the newest execution where no number is given',
  'leave-group': 'takes the thing out of the group',
  'join-group': 'puts it into the group',
  'rejoin-group': 'both, which makes executions of continuous jobs anew',
  'delete-thing': 'DeleteThing',
  'delete-stream': 'DeleteStream, of the stream by which the image of this job comes',
  power: 'cuts the power',
  link: '`drop`: the connection breaks; `partition`: nothing gets through and neither side notices',
  message: 'requests, replies or notifications are lost, come twice, late, or overtaken',
  service: 'the service answers otherwise than it should',
  'restart-service': 'the service goes away and comes back with what it knew',
  connect: 'CONNECT is refused or not answered',
  subscribe: 'SUBSCRIBE is refused or not answered',
  session: 'the service forgets the session of the device',
  clock: 'a clock leaps ahead',
  battery: 'the supply gives less, so that sending may reset the device',
  image: 'from now on the image of this job is like that',
  'second-client': 'another client acts in the name of the thing',
  memory: 'the device loses, or finds torn, what it remembers',
  'end-faults':
    'every fault ends, those of `given.faults` too, and what of `meanwhile` still waits does not happen any more',
};

const needSays: Readonly<Record<Need, string>> = {
  power: 'its power can be cut',
  link: 'its connection can be broken',
  'message-faults': 'messages can be lost, doubled and delayed',
  'service-faults': 'answers of the service can be changed',
  'session-faults': 'its session can be forgotten',
  'persistent-session': 'it asks for sessions that outlive a connection',
  download: 'it downloads images from the rig',
  image: 'images are served by the rig',
  stream: 'it uses file streams over MQTT',
  document: 'a job document of its own',
  namespace: 'it listens to a namespace',
  group: 'things can be put into groups',
  'second-client': 'another client may act in its name',
  'service-clock': 'the clock of the service can be moved',
  'service-restart': 'the service can be restarted',
  'device-clock': 'its own clock can be moved',
  battery: 'its supply can be weakened',
  memory: 'what it remembers can be spoilt',
  console: 'what it prints can be seen',
  reboots: 'it restarts in an update',
  steps: 'its steps can be seen: a simulated device',
  view: 'its inside can be seen: a simulated device',
  'virtual-time': 'time is virtual',
};

interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function propertiesOf(form: z.ZodType): Readonly<Record<string, Schema>> {
  const schema = z.toJSONSchema(form, { io: 'input', unrepresentable: 'any' }) as Schema;
  const forms = schema.anyOf ?? schema.oneOf ?? [schema];
  const all: Record<string, Schema> = {};
  for (const { properties = {} } of forms) {
    for (const [name, each] of Object.entries(properties)) {
      const words = [...wordsOf(all[name] ?? {}), ...wordsOf(each)];
      all[name] = words.length > 0 ? { enum: [...new Set(words)] } : each;
    }
  }
  return all;
}

function wordsOf({ enum: words, const: word, items, anyOf = [] }: Schema): readonly string[] {
  if (words !== undefined) return words.map(String);
  if (word !== undefined) return word === true ? [] : [String(word)];
  return items === undefined ? anyOf.flatMap(wordsOf) : wordsOf(items);
}

/** `how` (lose, duplicate), `direction` … */
function memberText(properties: Readonly<Record<string, Schema>>, besides: readonly string[]): string {
  return Object.entries(properties)
    .filter(([name]) => !besides.includes(name))
    .map(([name, schema]) => {
      const words = wordsOf(schema);
      return `\`${name}\`${words.length > 0 ? ` (${words.map((word) => `\`${word}\``).join(', ')})` : ''}`;
    })
    .join(', ');
}

const parts: WrittenParts = {
  triggers: () => [
    '| Trigger | Fires when | Beside it |',
    '| --- | --- | --- |',
    ...triggerWords.map((word) => {
      const { [word]: own, ...beside } = propertiesOf(triggerForms[word]);
      const values = wordsOf(own ?? {});
      const name = bareTriggers.includes(word) ? `\`${word}\`` : `\`${word}: …\``;
      const may = values.length === 0 ? '' : ` (${values.map((value) => `\`${value}\``).join(', ')})`;
      return `| ${name} | ${triggerSays[word]}${may} | ${memberText(beside, ['nth', 'after', 'thing'])} |`;
    }),
  ],
  deeds: () => [
    '| Deed | Does | Members |',
    '| --- | --- | --- |',
    ...deedWords.map((word) => {
      const short = shortForms[word];
      const hint = short === undefined ? '' : `; \`${word}: …\` alone gives its \`${short}\``;
      const members = memberText(propertiesOf(deedForms[word]), ['thing', 'times', 'for']);
      const lasts = Object.keys(propertiesOf(deedForms[word])).filter((name) => name === 'times' || name === 'for');
      const extent = lasts.map((name) => `\`${name}\``).join(', ');
      return `| \`${word}\` | ${deedSays[word]}${hint} | ${[members, extent].filter((text) => text !== '').join(', ')} |`;
    }),
  ],
  needs: () => ['| Need | Means |', '| --- | --- |', ...needs.map((need) => `| \`${need}\` | ${needSays[need]} |`)],
  scenarios: () => {
    const all = [...virtualScenarios, ...skippedScenarios];
    const themes = [...new Set(all.map(({ theme = 'others' }) => theme))];
    return themes.flatMap((theme) => [
      `### ${theme.charAt(0).toUpperCase()}${theme.slice(1)}`,
      '',
      '| Scenario | About | Needs | Known bugs | What happens, and what a right device makes of it |',
      '| --- | --- | --- | --- | --- |',
      ...all.filter((scenario) => (scenario.theme ?? 'others') === theme).map(scenarioRow),
      '',
    ]);
  },
};

function scenarioRow(scenario: Scenario): string {
  const { id, about, catalog, claim } = scenario;
  return `| \`${id}\` | ${about} | ${needsOf(scenario).join(', ')} | ${catalog.join(' ')} | ${claim} |`;
}
