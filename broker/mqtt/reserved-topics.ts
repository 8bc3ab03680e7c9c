/**
 * The reserved topics of AWS IoT outside the Jobs space, as one table: what a client may publish on `$aws/…`, and to which
 * feature of AWS IoT it belongs. Whoever adds a feature adds its rows here and an answerer in reserved-requests.ts. A topic
 * that no row matches is not one that AWS would let a client use. Knows names, neither payloads nor permissions.
 * Source: reference shadow-and-provisioning.md §1, §4 and §6, streams-and-ota.md §1.1.
 */

/** Features of AWS IoT, as events and metrics call them. */
export const reservedFeatures = [
  'shadow',
  'streams',
  'basic-ingest',
  'defender',
  'greengrass-health',
  'provisioning',
  'commands',
  'device-location',
] as const;
export type ReservedFeature = (typeof reservedFeatures)[number];

export interface ReservedTopic {
  readonly kind: 'reserved';
  readonly feature: ReservedFeature;
  /**
   * What stood in the places of the row: `thingName` and `clientId` have to be the client's own; `rest` is what `#` stood
   * for.
   */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Below `$aws/`. `{name}` stands for one level that is not empty, `{name:a|b}` for one of these; `#` for the rest, which
 * may be missing.
 */
const table: readonly (readonly [ReservedFeature, string])[] = [
  ['shadow', 'things/{thingName}/shadow/{operation:get|update|delete}'],
  ['shadow', 'things/{thingName}/shadow/name/{shadowName}/{operation:get|update|delete}'],
  ['streams', 'things/{thingName}/streams/{streamId}/{operation:describe|get|create}/{format:json|cbor}'],
  // Answered, too: that there is no such operation.
  ['streams', 'things/{thingName}/streams/{streamId}/#'],
  ['basic-ingest', 'rules/{ruleName}/#'],
  ['defender', 'things/{thingName}/defender/metrics/{format:json|cbor}'],
  ['greengrass-health', 'things/{thingName}/greengrassv2/health/{format:json}'],
  ['provisioning', 'certificates/{operation:create|create-from-csr}/{format:json|cbor}'],
  ['provisioning', 'provisioning-templates/{templateName}/{operation:provision}/{format:json|cbor}'],
  ['commands', 'commands/things/{thingName}/executions/{executionId}/response/{format:json|cbor}'],
  ['commands', 'commands/clients/{clientId}/executions/{executionId}/response/{format:json|cbor}'],
  ['device-location', 'device_location/{thingName}/get_position_estimate'],
];

type Level =
  { readonly literal: string } | { readonly name: string; readonly values: ReadonlySet<string> | undefined } | 'rest';

interface Row {
  readonly feature: ReservedFeature;
  readonly levels: readonly Level[];
}

const prefix = '$aws/';
const rows: readonly Row[] = table.map(([feature, pattern]) => ({
  feature,
  levels: pattern.split('/').map(levelOf),
}));

function levelOf(text: string): Level {
  if (text === '#') return 'rest';
  const place = /^\{(?<name>\w+)(?::(?<values>.+))?\}$/.exec(text)?.groups;
  if (place === undefined) return { literal: text };
  return {
    name: place['name']!,
    values: place['values'] === undefined ? undefined : new Set(place['values'].split('|')),
  };
}

/** @returns `undefined` for a topic on which no client may publish, and for those of the Jobs space. */
export function parseReservedTopic(topic: string): ReservedTopic | undefined {
  if (!topic.startsWith(prefix)) return undefined;
  const levels = topic.slice(prefix.length).split('/');
  for (const row of rows) {
    const parameters = parametersIn(row, levels);
    if (parameters !== undefined) return { kind: 'reserved', feature: row.feature, parameters };
  }
  return undefined;
}

function parametersIn(row: Row, levels: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, level] of row.levels.entries()) {
    const found = levels[index];
    if (level === 'rest') {
      parameters['rest'] = levels.slice(index).join('/');
      return parameters;
    }
    if (found === undefined) return undefined;
    if ('literal' in level) {
      if (level.literal !== found) return undefined;
    } else {
      if (found === '' || level.values?.has(found) === false) return undefined;
      parameters[level.name] = found;
    }
  }
  return levels.length === row.levels.length ? parameters : undefined;
}
