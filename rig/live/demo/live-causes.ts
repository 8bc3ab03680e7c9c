/** What broke on sockets, grouped by cause: the claim and what was found, without figures and names. */
import type { CauseReport, DeviceReport } from '../../report/run-report.ts';
import type { Finding } from '../../verdict/contract.ts';
import { deviceClaims } from '../../virtual/violation.ts';

interface Found {
  readonly thingName: string;
  readonly finding: Finding;
}

const thingsNamed = 20;

/** @param scenarioOf the scenario that a thing had a part in */
export function liveCauses(
  devices: readonly DeviceReport[],
  scenarioOf: (thingName: string) => string,
): readonly CauseReport[] {
  const groups = new Map<string, Found[]>();
  for (const { thingName, findings } of devices) {
    for (const finding of findings) {
      if (finding.outcome !== 'fail') continue;
      const key = `${finding.claim} ${wordsOf(finding.reason)}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, [{ thingName, finding }]);
      else known.push({ thingName, finding });
    }
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((found): CauseReport => {
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
    });
}

function wordsOf(reason: string): string {
  return reason.replaceAll(/\b[a-z]+(-[a-z]+)*-\d+(-\d+)*\b|\d+(\.\d+)*/g, '#');
}
