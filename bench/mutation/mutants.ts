/**
 * One-change mutants of a source file: each is the text of the file with one expression or statement replaced, the way a slip
 * of the hand would. Types, imports and assertions are left alone: they cannot change what a correct program does.
 */
import { type Node, parseSync, Visitor } from 'oxc-parser';

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** What stands there, and what is put in its place; shortened, on one line. */
  readonly before: string;
  readonly after: string;
  /** Of those in the file that read the same, counted from 0: lines move, their order seldom does. */
  readonly nth: number;
  /** The whole file with the change. */
  readonly text: string;
}

const swapped: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
};

const swappedCalls: ReadonlyMap<string, string> = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    min: 'max',
    max: 'min',
    floor: 'ceil',
    ceil: 'floor',
    push: 'unshift',
    shift: 'pop',
    append: 'remove',
    startsWith: 'endsWith',
  }),
);

/** Calls whose loss changes nothing in a correct program. */
const assertions = /^(?:assert|assertWhole|assertSuccessor|assertTurn|broken)\(/;

export function mutantsOf(file: string, text: string): Mutant[] {
  const mutants: Mutant[] = [];
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message ?? ''}`);

  const put = (start: number, end: number, replacement: string): void => {
    const old = text.slice(start, end);
    if (old === replacement) return;
    const line = text.slice(0, start).split('\n').length;
    const [before, after] = [short(old), short(replacement)];
    mutants.push({
      file,
      line,
      before,
      after,
      nth: mutants.filter((other) => other.before === before && other.after === after).length,
      text: text.slice(0, start) + replacement + text.slice(end),
    });
  };
  const textOf = ({ start, end }: Node): string => text.slice(start, end);
  const operator = ({ left, right }: { left: Node; right: Node }, old: string): void => {
    const between = text.slice(left.end, right.start);
    const at = left.end + between.indexOf(old);
    for (const other of swapped[old] ?? []) {
      const start = left.start;
      put(start, right.end, text.slice(start, at) + other + text.slice(at + old.length, right.end));
    }
  };
  const condition = (test: Node): void => {
    put(test.start, test.end, 'true');
    put(test.start, test.end, 'false');
  };

  new Visitor({
    BinaryExpression: (node) => operator(node, node.operator),
    AssignmentExpression: (node) => operator(node, node.operator),
    LogicalExpression(node) {
      operator(node, node.operator);
      if (node.operator === '??') put(node.start, node.end, textOf(node.left));
    },
    UnaryExpression(node) {
      if (node.operator === '!' || node.operator === '-') put(node.start, node.end, textOf(node.argument));
    },
    UpdateExpression(node) {
      const other = node.operator === '++' ? '--' : '++';
      put(node.start, node.end, textOf(node).replace(node.operator, other));
    },
    ConditionalExpression: ({ test }) => condition(test),
    IfStatement: ({ test }) => condition(test),
    Literal(node) {
      if (typeof node.value === 'boolean') put(node.start, node.end, String(!node.value));
      if (typeof node.value === 'number') put(node.start, node.end, String(node.value + 1));
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      const { property } = callee;
      const other = property.type === 'Identifier' ? swappedCalls.get(property.name) : undefined;
      if (other !== undefined) put(property.start, property.end, other);
      const name = property.type === 'Identifier' ? property.name : '';
      // What is filtered, sorted or cut is passed on whole.
      if (/^(?:filter|sort|toSorted|reverse|toReversed|slice)$/.test(name))
        put(node.start, node.end, textOf(callee.object));
    },
    ExpressionStatement(node) {
      const { type } = node.expression;
      if (type !== 'CallExpression' && type !== 'AssignmentExpression' && type !== 'UpdateExpression') return;
      if (!assertions.test(textOf(node))) put(node.start, node.end, ';');
    },
    ReturnStatement(node) {
      // In void functions alone: elsewhere the program would not compile.
      if (node.argument === null) put(node.start, node.end, ';');
    },
    BreakStatement: (node) => put(node.start, node.end, ';'),
    ContinueStatement: (node) => put(node.start, node.end, ';'),
  }).visit(program);
  return mutants.filter(({ line }) => !assertions.test((text.split('\n')[line - 1] ?? '').trim()));
}

function short(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 87)}…` : line;
}
