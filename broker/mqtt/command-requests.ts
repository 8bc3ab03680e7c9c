/**
 * What a device says of a command execution of AWS IoT: there is none that it could mean, since StartCommandExecution is
 * missing, and it is told so, as AWS tells it of an execution that is not there, to who has subscribed. The members of the
 * refusal are those that the clients of AWS's SDKs read (assumed: the text).
 * Source: reference shadow-and-provisioning.md §6.
 */
import { payloadFormats } from './payload-formats.ts';
import type { ReservedAnswerer } from './reserved-requests.ts';

export const commandAnswerer: ReservedAnswerer = ({ topic, parsed: { parameters } }, { announce, done }) => {
  const { executionId, format = 'json' } = parameters;
  const refusal = {
    error: 'ResourceNotFound',
    errorMessage: `Command execution ${executionId} cannot be found.`,
    executionId,
  };
  const rejected = topic.replace(/\/[^/]*$/, '/rejected');
  const payload = payloadFormats[format as keyof typeof payloadFormats].write(refusal);
  // JSON goes without the name of the format as well.
  if (format === 'json') announce(rejected, payload);
  announce(`${rejected}/${format}`, payload);
  done();
};
