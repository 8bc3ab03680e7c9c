/** What the things of a fleet are called, for who starts one and for who only has to name them. */

/** The name of the device with this number, counted from 1. */
export function thingNameOf(prefix: string, number: number): string {
  return `${prefix}${number}`;
}
