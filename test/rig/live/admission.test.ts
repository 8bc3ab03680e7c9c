import { describe, expect, it } from 'vitest';
import { createAdmission } from '../../../rig/live/demo/admission.ts';

describe('admission of devices', () => {
  it('lets in who asks until it is full, then in the order of asking as others leave', async () => {
    using admission = createAdmission();
    const entered: string[] = [];
    const ask = (name: string, devices: number): Promise<void> =>
      admission.enter(devices).then(() => void entered.push(name));
    await ask('many', 600);
    const small = ask('small', 1);
    const another = ask('another', 1);
    expect(entered).toEqual(['many']);
    admission.leave(600);
    await Promise.all([small, another]);
    expect(entered).toEqual(['many', 'small', 'another']);
  });

  it('refuses whoever waits, and whoever comes, with the reason of the signal', async () => {
    const controller = new AbortController();
    using admission = createAdmission(controller.signal);
    await admission.enter(1000);
    const waiting = admission.enter(1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(admission.enter(1)).rejects.toThrow('enough');
  });
});
