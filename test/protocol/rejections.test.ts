import { describe, expect, it } from 'vitest';
import { operationsOf } from '../../protocol/operations.ts';
import { type RejectionForms, rejections } from '../../protocol/rejections.ts';

const forms: readonly (readonly [string, RejectionForms])[] = Object.entries(rejections);

describe('the rejection table', () => {
  it('has every code that a device can meet, and no other', () => {
    // mqtt-api.md §6
    const documented = [
      'InternalError',
      'InvalidJson',
      'InvalidRequest',
      'InvalidStateTransition',
      'InvalidTopic',
      'RequestThrottled',
      'ResourceNotFound',
      'TerminalStateReached',
      'VersionMismatch',
    ];
    expect([...new Set(forms.map(([, { mqtt }]) => mqtt))].sort()).toEqual(documented);
  });

  it.each(forms)('%s answers on the control plane as the service model says', (_, { control }) => {
    const modelled = operationsOf('iot').flatMap(({ errors }) => errors[control.exception] ?? []);
    expect(new Set(modelled)).toEqual(new Set([control.status]));
  });

  it.each(forms.filter(([code]) => code !== 'Conflict'))(
    '%s answers on the data plane as the model says',
    (_, { data }) => {
      const modelled = operationsOf('iot-jobs-data').flatMap(({ errors }) => errors[data.exception] ?? []);
      expect(new Set(modelled)).toEqual(new Set([data.status]));
    },
  );
});
