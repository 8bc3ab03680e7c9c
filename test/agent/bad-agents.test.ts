/**
 * The sweep can fail: agents with one bug each, made by overriding one member of the reference agent's behaviour, are found,
 * by the claim that they break. (The zoo proper has its own room.)
 */
import { describe, expect, it } from 'vitest';
import { type AgentBehaviour, referenceAgent } from '../../agent/core/behaviour.ts';
import type { Step } from '../../observation/execution.ts';
import { type Interruption, type Recovery, recoveryTable } from '../../agent/core/recovery.ts';
import { type Fault, type Pull, type Subject, disturb, pointsOf } from '../support/sweep.ts';
import { firmwareDocument } from '../support/virtual-world.ts';

function withCell(step: Step, interruption: Interruption, change: Partial<Recovery>): AgentBehaviour {
  const row = recoveryTable[step];
  const cell = { ...row[interruption], ...change };
  return { ...referenceAgent, recovery: { ...recoveryTable, [step]: { ...row, [interruption]: cell } } };
}

function brokenClaims(agent: AgentBehaviour, document: object, pull: Pull, fault: Fault): string[] {
  const subject: Subject = { name: 'bad', document, world: { agent } };
  const wrong = pointsOf(subject).flatMap((point) => disturb(subject, point, pull, fault));
  return [...new Set(wrong.map((text) => text.slice(0, 2)))].sort();
}

const firmware = firmwareDocument('2.0.0', 32_768);
const handler = { steps: [{ action: { name: 'copy', type: 'runHandler', input: { handler: 'copy.sh' } } }] };

const agents: readonly [string, AgentBehaviour, object, Pull, Fault, string][] = [
  [
    'forgets to close the download (R73)',
    withCell('download', 'pulled', { undo: ['slot', 'memory', 'checkpoint'] }),
    firmware,
    'delete the job',
    'none',
    'V1',
  ],
  [
    'leaves its checkpoint behind',
    withCell('write', 'pulled', { undo: ['download', 'memory', 'slot'] }),
    firmware,
    'delete the job',
    'none',
    'V7',
  ],
  [
    'leaves half an image',
    withCell('download', 'pulled', { undo: ['download', 'memory', 'checkpoint'] }),
    firmware,
    'delete the job',
    'none',
    'V3',
  ],
  [
    'repeats an interrupted handler',
    withCell('activate', 'handler-interrupted', { next: 'resume', undo: [], keep: [] }),
    handler,
    'none',
    'power cut',
    'V4',
  ],
  [
    'retries what is gone (R23)',
    { ...referenceAgent, meaningOf: () => 'retry' },
    firmware,
    'delete the job',
    'none',
    'V1',
  ],
  [
    'does not ask after connecting (R40)',
    { ...referenceAgent, asksOnConnect: false, patience: { ...referenceAgent.patience, pollMs: 1e12 } },
    firmware,
    'delete and create again',
    'power cut',
    'V4',
  ],
];

describe('bad agents', () => {
  it.each(agents)('one that %s is found', (_name, agent, document, pull, fault, claim) => {
    expect(brokenClaims(agent, document, pull, fault)).toContain(claim);
    expect(brokenClaims(referenceAgent, document, pull, fault)).toEqual([]);
  });
});
