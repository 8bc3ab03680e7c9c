/**
 * Which catalogued bug a break resembles: by what was seen, the likeliest first. A resemblance is a hint where to look, not a
 * diagnosis: many bugs look alike from outside. Numbers are those of docs/recovery-bugs.md.
 */

/** By what was seen. */
export const resemblances = {
  // V1
  'never-came-back': ['R49', 'R72', 'R62'],
  'did-not-ask-after-connecting': ['R40', 'R07'],
  'not-subscribed': ['R41', 'R68', 'R50'],
  'waits-for-an-answer': ['R32', 'R14'],
  'silent-after-a-rejection': ['R14', 'R74', 'R26'],
  'told-and-idle': ['R38', 'R43', 'R10'],
  'stuck-at-work': ['R27', 'R69', 'R77'],
  'not-idle': ['R10', 'R73', 'R74'],
  'call-not-returned': ['R14'],
  // V2
  'updates-what-is-not-found': ['R01', 'R23'],
  'updates-what-has-ended': ['R21', 'R23'],
  'downloads-for-what-is-gone': ['R15', 'R04', 'R08', 'R10'],
  'works-for-what-is-gone': ['R04', 'R10', 'R16'],
  // V3
  'reboots-for-what-is-gone': ['R09', 'R08'],
  'activates-for-what-is-gone': ['R09', 'R52'],
  'image-not-confirmed': ['R06', 'R59'],
  'wrong-slot': ['R51', 'R63'],
  // V4
  'done-twice': ['R35', 'R43', 'R61'],
  'same-ids-ignored': ['R17', 'R37'],
  'same-job-ignored': ['R19', 'R17'],
  // V5
  'canary-not-taken': ['R02', 'R73', 'R10'],
  'canary-failed': ['R02', 'R59', 'R73'],
  // V6
  'requests-without-pause': ['R23', 'R21'],
  'connects-without-pause': ['R72', 'R49'],
  'pauses-do-not-grow': ['R23', 'R21'],
  'pauses-without-chance': ['R23'],
  'downloads-again-and-again': ['R75', 'R55'],
  'erases-too-much': ['R70', 'R55'],
  // V7
  'checkpoint-left': ['R02'],
  'ghost-job': ['R07', 'R51', 'R02'],
  // V8
  'boots-again-and-again': ['R53', 'R55', 'R61', 'R72'],
  'restarts-again-and-again': ['R53', 'R62', 'R71'],
  // V9
  'reported-another-version': ['R57', 'R64', 'R51'],
  // V10
  'memory-not-freed': ['R02', 'R77'],
  'slot-not-freed': ['R01', 'R52'],
  'download-left-open': ['R73'],
  'filters-left': ['R50'],
  // Expected endings
  'ended-otherwise': [],
  'ended-late': ['R32', 'R27'],
  'not-done': ['R55', 'R64'],
  'given-up': ['R18', 'R61', 'R63'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Sign = keyof typeof resemblances;
