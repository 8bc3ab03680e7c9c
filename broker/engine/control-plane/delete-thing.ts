/**
 * DeleteThing: the thing leaves its groups and the registry; what it had pending becomes REMOVED, which unblocks its jobs,
 * and a later thing of the same name does not inherit it. Deleting what is not there succeeds; a thing with principals
 * stays.
 * Costs as much as this one thing has pending, however many things and jobs there are.
 * Source: reference http-api.md §6, lifecycle.md §4, ambiguities.md A14.
 */
import type { DeleteThingRequest, DeleteThingResponse } from '../../../protocol/aws/iot.ts';
import { advanceExecution } from '../conclusion.ts';
import { isPending } from '../../../protocol/status.ts';
import type { Reply } from '../contract.ts';
import { thingEvent } from '../events.ts';
import { openQueue } from '../executions.ts';
import { principalsOf } from '../provisioning/attachments.ts';
import { invalidRequest, versionConflict } from '../refusals.ts';
import { acceptedEmpty } from '../reply.ts';
import { findRegistration, queuesOf } from '../state.ts';
import { releaseThing } from '../things.ts';
import type { Turn } from '../turn.ts';

export function deleteThing(turn: Turn, request: DeleteThingRequest): Reply<DeleteThingResponse> {
  const { thingName, expectedVersion } = request;
  const registration = findRegistration(turn.state, thingName);
  if (registration === undefined) return acceptedEmpty;
  const { row, thing } = registration;
  if (expectedVersion !== undefined && expectedVersion !== row.version) {
    return versionConflict(expectedVersion, row.version);
  }
  if (principalsOf(turn.state, thingName).length > 0) {
    return invalidRequest(`Cannot delete. Thing ${thingName} is still attached to one or more principals`);
  }
  releaseThing(turn, registration);
  thingEvent(turn, row, 'deleted');
  for (const queue of queuesOf(thing)) {
    openQueue(turn, queue);
    for (const execution of [...queue.inProgress, ...queue.queued, ...queue.hidden]) {
      // An abort that an earlier one has caused may have canceled it.
      if (isPending(execution.row.status)) advanceExecution(turn, execution, 'REMOVED', 'service', {});
    }
  }
  return acceptedEmpty;
}
