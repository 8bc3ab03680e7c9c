/** The names of the things of a run. All are equally long, so that every packet of a kind is. */
export function benchThingName(index: number): string {
  return `bench-${String(index).padStart(6, '0')}`;
}
