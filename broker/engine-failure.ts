/**
 * A throw from inside the engine: a bug of jobrig's own, never a user's mistake. What the engine holds may be changed in part,
 * so it is asked nothing more. Nothing of the command is kept or told; what was answered before it is kept.
 */
export class EngineFailure extends Error {
  /** @param commandName what the engine was asked when it threw `cause` */
  constructor(commandName: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `the service stops, because its engine failed at ${commandName}: ${reason}. This is a bug of jobrig. ` +
        'Nothing of that command was kept; everything that was answered before is',
      { cause },
    );
    this.name = 'EngineFailure';
  }
}
