/** What virtual time offers to scenarios: nearly all; what it lacks, and why. */
import { type Need, type Offer, needs } from '../scenario/contract.ts';

const whyNot: Readonly<Partial<Record<Need, string>>> = {
  console: 'simulated devices print nothing',
};

export const virtualOffer: Offer = { has: new Set(needs.filter((need) => whyNot[need] === undefined)), whyNot };
