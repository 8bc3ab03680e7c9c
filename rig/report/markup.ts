/**
 * HTML as tagged templates: whatever is put in is escaped unless it is markup itself, so that a hostile thing name can do
 * nothing in a report. Source: https://html.spec.whatwg.org/multipage/syntax.html (text, attribute values in quotes).
 */

class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
export type { Markup };

export type Insertable = string | number | Markup | readonly Insertable[] | undefined;

/** Builds markup; put attribute values in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return new Markup(parts.map((part, index) => part + insert(values[index])).join(''));
}

/** Text that is markup already: style sheets of our own, never anything that came from outside. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function insert(value: Insertable): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(String(value));
  return value.map(insert).join('');
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes for HTML and XML, and drops what XML 1.0 cannot carry: control characters, lone surrogates, U+FFFE, U+FFFF. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}
