/**
 * Device metrics of AWS IoT Device Defender: a report is accepted or refused by its form and told so on its own topic, to who
 * has subscribed; nobody looks at what it says. How often it comes is not looked at either.
 * Source: reference shadow-and-provisioning.md §6, open point S9.
 */
import { isJsonObject } from '../../protocol/json.ts';
import { toEpochSeconds } from '../../protocol/time.ts';
import type { ServicePort } from '../engine/port.ts';
import { payloadFormats } from './payload-formats.ts';
import type { ReservedAnswerer } from './reserved-requests.ts';

export function defenderAnswerer(port: ServicePort): ReservedAnswerer {
  return ({ topic, parsed: { parameters }, payload }, { announce, done }) => {
    const format = payloadFormats[parameters['format'] as keyof typeof payloadFormats];
    const { thingName } = parameters;
    const reportId = reportIdIn(format.read(payload));
    const timestamp = toEpochSeconds(port.now());
    if (reportId === undefined) {
      const statusDetails = { ErrorCode: 'InvalidPayload', ErrorMessage: 'The report has no header with a report id.' };
      announce(`${topic}/rejected`, format.write({ thingName, status: 'REJECTED', statusDetails, timestamp }));
    } else announce(`${topic}/accepted`, format.write({ thingName, reportId, status: 'ACCEPTED', timestamp }));
    done();
  };
}

/** Members have long names and short ones. */
function reportIdIn(report: unknown): number | undefined {
  if (!isJsonObject(report)) return undefined;
  const header = report['header'] ?? report['hed'];
  const reportId = isJsonObject(header) ? (header['report_id'] ?? header['rid']) : undefined;
  return Number.isSafeInteger(reportId) ? (reportId as number) : undefined;
}
