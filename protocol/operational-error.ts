/**
 * The one class for what the world refuses: a port that is taken, a file that cannot be read, a store that is torn. Not for
 * rejections, which are values of the protocol, and not for bugs, which are assertions. `code` is stable and scripts may
 * rely on it; `hint` says what to do next.
 */
export class OperationalError extends Error {
  readonly code: string;
  readonly hint?: string;

  constructor(code: string, message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperationalError';
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}
