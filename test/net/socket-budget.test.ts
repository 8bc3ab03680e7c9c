/** Where there is no descriptor left, who has proved nothing gives way, and who has proved something stays. */
import { expect, it } from 'vitest';
import { SocketBudget } from '../../broker/net/socket-budget.ts';
import { duplexPair } from '../../rig/live/wire/duplex-pair.ts';

function budgetOf(max: number) {
  const refusals: number[] = [];
  const budget = new SocketBudget((connections) => refusals.push(connections), max);
  const come = () => {
    const [socket] = duplexPair();
    budget.admit(socket);
    return socket;
  };
  return { budget, refusals, come };
}

it('the one that has waited longest without proving anything gives way to the new one', () => {
  const { budget, refusals, come } = budgetOf(3);
  const sockets = [come(), come(), come()];
  budget.hold(sockets[0]!);
  sockets.push(come(), come());
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, true, false, false]);
  expect(refusals).toEqual([]);
  expect(budget.connections).toBe(3);
});

it('a new one is closed with a word about it when all have proved something', () => {
  const { budget, refusals, come } = budgetOf(2);
  const held = [come(), come()];
  for (const socket of held) budget.hold(socket);
  expect(come().destroyed).toBe(true);
  expect(refusals).toEqual([2]);
  budget.release(held[0]!);
  expect(come().destroyed).toBe(false);
  expect(held.map(({ destroyed }) => destroyed)).toEqual([true, false]);
});

it('one that has closed leaves its place', () => {
  const { budget, refusals, come } = budgetOf(2);
  const sockets = [come(), come()];
  for (const socket of sockets) budget.hold(socket);
  sockets[0]!.emit('close');
  const late = come();
  expect([late.destroyed, refusals.length, budget.connections]).toEqual([false, 0, 2]);
});
