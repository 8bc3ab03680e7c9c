/**
 * Who listens to what: filters of sessions and of the groups that share one. Whoever subscribes has been judged before.
 * Source: docs/reference/connection.md §3, "Shared subscriptions".
 */
import type { Passage } from './passing.ts';
import type { Receiver, Session, SessionContext } from './session.ts';
import { SharedGroup } from './shared-group.ts';
import { type Interest, SubscriptionIndex, type SubscriptionOptions } from './subscription-index.ts';
import { type ParsedFilter, parseFilter } from './topic-rules.ts';

export class Subscriptions {
  readonly index: SubscriptionIndex<Receiver>;
  readonly #groups = new Map<string, SharedGroup>();
  readonly #context: SessionContext;
  readonly #passage: Passage | undefined;
  /** How often the service was told of an interest, and how many of these it knows of, in order; and who waits for that. */
  readonly #interests = { said: 0, known: 0 };
  readonly #awaiting: { readonly until: number; readonly heard: () => void }[] = [];

  constructor(context: SessionContext, passage: Passage | undefined) {
    this.#context = context;
    this.#passage = passage;
    const interested = (interest: Interest, has: boolean): void => this.#interested(interest, has);
    this.index = new SubscriptionIndex(passage && interested);
  }

  group(name: string): SharedGroup | undefined {
    return this.#groups.get(name);
  }

  *groupsOf(session: Session): Generator<SharedGroup> {
    for (const text of session.filters.all.keys()) {
      const group = this.#groupNamedIn(parsed(text));
      if (group !== undefined) yield group;
    }
  }

  add(session: Session, text: string, options: SubscriptionOptions, filter = parsed(text)): void {
    session.filters.set(text, options);
    if (filter.shareName === undefined) {
      this.index.add(session, filter.filter, options);
      return;
    }
    const group = this.#groupNamedIn(filter) ?? this.#open(groupName(filter), filter.filter);
    group.join(session, options.qos);
  }

  /**
   * The session itself is left as it is.
   * @param isMoving it goes on at another door.
   * @returns whether there was such a subscription.
   */
  remove(session: Session, text: string, isMoving = false): boolean {
    if (!session.filters.all.has(text)) return false;
    const { filter, shareName } = parsed(text);
    if (shareName === undefined) {
      this.index.remove(session, filter);
      return true;
    }
    const group = this.#groupNamedIn({ filter, shareName });
    if (isMoving) group?.letGo(session);
    else group?.leave(session);
    if (group?.isAlive === false) {
      this.#groups.delete(group.name);
      this.#passage?.group(group.name, false);
      this.index.remove(group, filter);
    }
    return true;
  }

  /** @param heard called when what has been subscribed to so far comes here: at once where there is one door. */
  whenHeard(heard: () => void): void {
    const { said, known } = this.#interests;
    if (said === known) heard();
    else this.#awaiting.push({ until: said, heard });
  }

  /** Where there are several doors, of what is said to this one. */
  #interested(interest: Interest, has: boolean): void {
    if (this.#passage === undefined) return;
    if (!has) {
      this.#passage.interest(interest, false);
      return;
    }
    this.#interests.said += 1;
    this.#passage.interest(interest, true, () => {
      this.#interests.known += 1;
      while (this.#awaiting[0] !== undefined && this.#awaiting[0].until <= this.#interests.known) {
        this.#awaiting.shift()!.heard();
      }
    });
  }

  #open(name: string, filter: string): SharedGroup {
    const group = new SharedGroup(name, this.#context);
    this.#groups.set(name, group);
    this.#passage?.group(name, true);
    this.index.add(group, filter, { qos: 1 });
    return group;
  }

  #groupNamedIn(filter: ParsedFilter): SharedGroup | undefined {
    return filter.shareName === undefined ? undefined : this.#groups.get(groupName(filter));
  }
}

function groupName({ shareName, filter }: ParsedFilter): string {
  return `${shareName}/${filter}`;
}

/** A filter that was subscribed to, so that nothing is wrong with it. */
function parsed(text: string): ParsedFilter {
  const filter = parseFilter(text);
  return typeof filter === 'string' ? { filter: text } : filter;
}
