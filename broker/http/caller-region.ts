/**
 * ARNs as the caller writes and reads them. The rig has one state, kept under one region; whoever signs for another one means
 * his own by it, as on AWS, where the endpoint tells. So ARNs of the caller's region are taken for ours, ours are shown as
 * his, and an ARN of a third region, of another account or partition is said to be one. The account is the rig's: credentials that
 * nobody checks tell none.
 */
import { isJsonObject } from '../../protocol/json.ts';
import { type ArnScope, parseArn, partitionOf } from '../../protocol/names.ts';
import type { Members } from './request-members.ts';

const regionPattern = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** @returns the region of `KEY/DATE/REGION/SERVICE/aws4_request`; `undefined` for what is none. */
export function regionOfCredential(credential: string | null | undefined): string | undefined {
  const region = credential?.split('/').at(-3) ?? '';
  return regionPattern.test(region) ? region : undefined;
}

/** The members with the caller's region taken for the rig's in every ARN that is a value of its own. */
export function fromCaller(members: Members, own: ArnScope, region: string | undefined): Members {
  return region === undefined || region === own.region ? members : (translated(members, region, own.region) as Members);
}

function translated(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') {
    const foreign = arnsOf(from);
    return value.startsWith(foreign) ? arnsOf(to) + value.slice(foreign.length) : value;
  }
  if (Array.isArray(value)) return value.map((item) => translated(item, from, to));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, translated(member, from, to)]));
}

/** A body as the caller is to read it. A document in it, which is a text within the text, stays as it is. */
export function toCaller(body: string, own: ArnScope, region: string | undefined): string {
  return replaceIn(body, own, region, new RegExp(`(?<=[[:,]")${arnsOf(own.region)}`, 'g'));
}

/** The body of an error: its message names ARNs, and there are no documents in it. */
export function errorToCaller(body: string, own: ArnScope, region: string | undefined): string {
  return replaceIn(body, own, region, new RegExp(arnsOf(own.region), 'g'));
}

function replaceIn(body: string, own: ArnScope, region: string | undefined, pattern: RegExp): string {
  if (region === undefined || region === own.region) return body;
  return body.replace(pattern, arnsOf(region));
}

/** What ARNs of a region begin with, whatever the account. */
function arnsOf(region: string): string {
  return `arn:${partitionOf(region)}:iot:${region}:`;
}

/** Of a partition a caller can name no role but its own. @returns the first other one */
export function foreignRole(members: Members, region: string): string | undefined {
  for (const [name, value] of Object.entries(members)) {
    if (isJsonObject(value)) {
      const inside = foreignRole(value, region);
      if (inside !== undefined) return inside;
    }
    if (typeof value !== 'string' || !/roleArn$/i.test(name)) continue;
    const [, partition = partitionOf(region)] = /^arn:(aws[a-z-]*):iam:/.exec(value) ?? [];
    if (partition !== partitionOf(region)) return value;
  }
  return undefined;
}

/** @returns what to say where something cannot be found because its ARN is of another partition, region or account. */
export function foreignArnNote(members: Members, own: ArnScope, region = own.region): string | undefined {
  for (const text of textsIn(members)) {
    const arn = parseArn(text);
    if (arn === undefined) continue;
    if (arn.partition !== partitionOf(arn.region)) {
      return `The ARN ${text} is of partition ${arn.partition}; region ${arn.region} is in ${partitionOf(arn.region)}.`;
    }
    if (arn.region !== own.region) {
      return `The ARN ${text} is of region ${arn.region}; this request is for region ${region}.`;
    }
    // What belongs to AWS belongs to no account.
    if (arn.account !== '' && arn.account !== own.account) {
      return `The ARN ${text} is of account ${arn.account}; this rig has account ${own.account} (--account).`;
    }
  }
  return undefined;
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item);
  else if (isJsonObject(value)) for (const member of Object.values(value)) yield* textsIn(member);
}
