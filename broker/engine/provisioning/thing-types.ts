/**
 * The thing types of the registry. A thing may also carry a type that is in no registry, as a label; a strict service refuses
 * that, as AWS does. Source: reference shadow-and-provisioning.md §2.
 */
import { formatThingTypeArn } from '../../../protocol/names.ts';
import type { ThingTypeDefinition } from '../../../protocol/aws/iot.ts';
import type { Rejected } from '../contract.ts';
import { uuidOf } from '../identifiers.ts';
import { invalidRequest, thingTypeNotFound } from '../refusals.ts';
import type { ThingTypeRow } from '../rows.ts';
import type { State, ThingType } from '../state.ts';
import type { Turn } from '../turn.ts';

export function holdThingType(state: State, row: ThingTypeRow): void {
  const thingType: ThingType = { sequence: row.sequence, row };
  state.thingTypes.set(row.thingTypeName, thingType);
  state.thingTypeList.append(thingType);
}

export function replaceThingType(turn: Turn, thingType: ThingType, row: ThingTypeRow): void {
  thingType.row = row;
  turn.put('thingType', row.thingTypeName, row);
}

export function thingTypeNamed(state: State, thingTypeName: string): ThingType | Rejected {
  return state.thingTypes.get(thingTypeName) ?? thingTypeNotFound(thingTypeName);
}

export function thingTypeIdOf({ thingTypeName, sequence }: ThingTypeRow): string {
  return uuidOf(`thingtype/${thingTypeName}/${sequence}`);
}

export function describedType(
  state: State,
  row: ThingTypeRow,
): Required<Omit<ThingTypeDefinition, 'thingTypeProperties'>> & Pick<ThingTypeDefinition, 'thingTypeProperties'> {
  const { thingTypeName, properties, createdAt, deprecatedAt } = row;
  return {
    thingTypeName,
    thingTypeArn: formatThingTypeArn(state.identity, thingTypeName),
    thingTypeProperties: properties,
    thingTypeMetadata: {
      deprecated: deprecatedAt !== undefined,
      deprecationDate: deprecatedAt,
      creationDate: createdAt,
    },
  };
}

/** Why a thing may not become one of a type. */
export function refuseThingType(state: State, thingTypeName: string | undefined): Rejected | undefined {
  if (thingTypeName === undefined) return undefined;
  const thingType = state.thingTypes.get(thingTypeName);
  if (thingType === undefined) return state.strict ? thingTypeNotFound(thingTypeName) : undefined;
  if (thingType.row.deprecatedAt === undefined) return undefined;
  return invalidRequest(`Can not associate a thing with the deprecated thing type ${thingTypeName}.`);
}

export function isTypeInUse(state: State, thingTypeName: string): boolean {
  for (const { row } of state.registrations) if (row.thingTypeName === thingTypeName) return true;
  return false;
}
