/**
 * Why a mutant that no test notices is let live. A mutant is known by its file, what stands there and what is put in its place;
 * one that is equivalent does what the program does and counts nowhere.
 */
export interface Reason {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly isEquivalent: boolean;
  readonly why: string;
}

export const reasons: readonly Reason[] = [];
