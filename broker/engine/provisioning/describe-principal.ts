/**
 * What a door asks when somebody shows a certificate: whether it is one of the registry, which thing it stands for, and what
 * policies say about it. The thing is that which is named like the client id, or the one to which the certificate belongs
 * exclusively. Source: reference shadow-and-provisioning.md §3 (evaluation).
 */
import { arnPrefix } from '../../../protocol/names.ts';
import type { PrincipalDescription, Reply, RequestOf } from '../contract.ts';
import { accept } from '../reply.ts';
import type { CertificateRow } from '../rows.ts';
import { findRegistration, type State } from '../state.ts';
import { lineageOf } from '../targets.ts';
import type { Turn } from '../turn.ts';
import { documentInForce } from './policies.ts';

export function describePrincipal(
  { state, now }: Turn,
  { certificateId, clientId }: RequestOf<'jobrig:DescribePrincipal'>,
): Reply<PrincipalDescription> {
  const row = state.certificates.get(certificateId)?.row;
  if (row === undefined) return accept({ policies: [] });
  const isOver = row.claim !== undefined && now >= row.claim.expiresAt;
  const thingNames = row.things.map(({ thingName }) => thingName);
  const thing = thingOf(state, row, clientId);
  return accept({
    certificate: { status: isOver ? 'INACTIVE' : row.status, thingNames },
    ...(thing !== undefined && { thing }),
    policies: [
      ...[...row.policies, ...groupPolicies(state, row, thing?.thingName)].flatMap((name) => {
        const policy = state.policies.get(name);
        return policy === undefined ? [] : [documentInForce(policy)];
      }),
      ...(row.claim === undefined ? [] : [claimPolicy(state, row.claim.templateName)]),
    ],
  });
}

/** What a provisioning claim allows without being attached to anything: to provision by its template. */
function claimPolicy({ identity }: State, templateName: string): string {
  const spaces = ['certificates/create*', `provisioning-templates/${templateName}/provision/*`];
  const arn = (kind: string, name: string): string => `${arnPrefix(identity)}${kind}/${name}`;
  const topics = spaces.map((space) => arn('topic', `$aws/${space}`));
  const filters = spaces.map((space) => arn('topicfilter', `$aws/${space}`));
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'iot:Connect', Resource: '*' },
      { Effect: 'Allow', Action: ['iot:Publish', 'iot:Receive'], Resource: topics },
      { Effect: 'Allow', Action: 'iot:Subscribe', Resource: filters },
    ],
  });
}

function thingOf(state: State, { things }: CertificateRow, clientId: string): PrincipalDescription['thing'] {
  const exclusive = things.find((attachment) => attachment.exclusive === true)?.thingName;
  const thingName = exclusive ?? clientId;
  const registration = findRegistration(state, thingName)?.row;
  if (registration === undefined) return undefined;
  const { thingTypeName, attributes } = registration;
  return {
    thingName,
    ...(thingTypeName !== undefined && { thingTypeName }),
    attributes,
    isAttached: things.some((attachment) => attachment.thingName === thingName),
    isExclusive: exclusive !== undefined,
  };
}

/** Policies of the groups of the thing, and of the groups in which these lie. */
function groupPolicies(state: State, { things }: CertificateRow, thingName: string | undefined): readonly string[] {
  if (thingName === undefined || !things.some((attachment) => attachment.thingName === thingName)) return [];
  const memberships = findRegistration(state, thingName)?.memberships ?? [];
  return [...new Set(memberships.flatMap(({ group }) => lineageOf(group).flatMap(({ row }) => row.policies ?? [])))];
}
