/** What broke on sockets, grouped by cause: the claim and what was found, without figures and names. */
import { failuresIn } from '../../report/evidence.ts';
import type { CauseReport, DeviceReport } from '../../report/run-report.ts';
import { groupsOf } from '../../report/statistics.ts';
import { deviceClaims } from '../../virtual/violation.ts';

const thingsNamed = 20;

/** @param scenarioOf the scenario that a thing had a part in */
export function liveCauses(
  devices: readonly DeviceReport[],
  scenarioOf: (thingName: string) => string,
): readonly CauseReport[] {
  const failed = devices.flatMap(({ thingName, findings }) =>
    failuresIn({ findings }).map((finding) => ({ thingName, finding })),
  );
  return groupsOf(failed, ({ finding: { claim, reason } }) => `${claim} ${wordsOf(reason)}`).map(
    (found): CauseReport => {
      const { thingName, finding } = found[0]!;
      return {
        act: 'live',
        claim: finding.claim,
        claimText: deviceClaims[finding.claim],
        reason: finding.reason,
        found: found.length,
        in: found.slice(0, thingsNamed).map((one) => one.thingName),
        resembles: finding.catalog ?? [],
        scenario: scenarioOf(thingName),
      };
    },
  );
}

function wordsOf(reason: string): string {
  return reason.replaceAll(/\b[a-z]+(-[a-z]+)*-\d+(-\d+)*\b|\d+(\.\d+)*/g, '#');
}
