/** The nine claims about the service's engine. Source: docs/reference/lifecycle.md, notifications.md. */

export const engineClaims = {
  E1: 'a rejected command changes nothing and has no effects',
  E2: 'an execution’s versionNumber starts at 1 and grows by one, and expectedVersion is held',
  E3: 'executionNumber is the highest existing number plus one',
  E4: 'executions and jobs change, and commands are answered, only as a second statement of AWS’s rules says',
  E5: 'notify if and only if the set of pending executions changed, with that set',
  E6: 'notify-next if and only if the head changed, with that head',
  E7: 'jobProcessDetails equals the executions',
  E8: 'deleted means gone everywhere, from lists too',
  E9: 'rows are what the changes left behind',
} as const;

export type EngineClaim = keyof typeof engineClaims;

export type Report = (broke: EngineClaim, message: string, thingName?: string) => void;
