/** As much of Jinja's expressions as a discovery message needs; whatever else is in one is an error. */

const TOKEN = /\s*(?:('(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|[()[\]{}.,:|/]))/y;

type Scope = Record<string, unknown>;

/** Renders `{{ expression }}`. @throws on anything unknown or undefined, where Home Assistant would only log. */
export function render(template: string, scope: Scope): string {
  const expression = /^\{\{(.*)\}\}$/s.exec(template)?.[1];
  if (expression === undefined) throw new Error(`must be one expression: ${template}`);
  const value = new Expression(expression, scope).whole();
  if (value === undefined) throw new Error(`renders nothing: ${template}`);
  if (value === null) return 'None';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

class Expression {
  readonly #tokens: string[] = [];
  readonly #scope: Scope;
  #at = 0;

  constructor(text: string, scope: Scope) {
    this.#scope = scope;
    TOKEN.lastIndex = 0;
    const source = text.trim();
    while (TOKEN.lastIndex < source.length) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(source);
      if (match === null) throw new Error(`unknown syntax: ${source.slice(from)}`);
      this.#tokens.push(match[0].trim());
    }
  }

  whole(): unknown {
    const value = this.#choice();
    if (this.#at < this.#tokens.length)
      throw new Error(`left over: ${this.#tokens.slice(this.#at).join(' ')}`);
    return value;
  }

  /** Both branches are read; what only the other one lacks is no error. */
  #choice(): unknown {
    const start = this.#at;
    let value: unknown;
    let failure: unknown;
    try {
      value = this.#comparison();
    } catch (error) {
      failure = error;
      this.#at = this.#ownIf(start);
      if (this.#at < 0) throw error;
    }
    if (!this.#take('if')) return value;
    const isTrue = truthy(this.#comparison());
    if (!this.#take('else')) throw new Error('must have an else');
    const otherwise = this.#choice();
    if (isTrue && failure !== undefined) throw failure;
    return isTrue ? value : otherwise;
  }

  /** Where the `if` of a choice that begins here is; -1 without one. */
  #ownIf(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#tokens.length && depth >= 0; at += 1) {
      const token = this.#tokens[at] ?? '';
      if (token === 'if' && depth === 0) return at;
      if ('([{'.includes(token)) depth += 1;
      if (')]}'.includes(token)) depth -= 1;
    }
    return -1;
  }

  #comparison(): unknown {
    const left = this.#quotient();
    if (this.#take('is')) {
      this.#expect('defined');
      return left !== undefined;
    }
    if (this.#take('==')) return left === this.#quotient();
    if (!this.#take('in')) return left;
    const right = this.#quotient();
    if (!Array.isArray(right)) throw new Error('in must be followed by a list');
    return right.includes(left);
  }

  #quotient(): unknown {
    let value = this.#filtered();
    while (this.#take('/')) value = Number(value) / Number(this.#filtered());
    return value;
  }

  #filtered(): unknown {
    let value = this.#attribute();
    while (this.#take('|')) {
      const name = this.#next();
      if (name === 'tojson') value = JSON.stringify(value);
      else if (name === 'timestamp_utc') value = new Date(Number(value) * 1000).toISOString();
      else if (name === 'default') {
        this.#expect('(');
        const fallback = this.#choice();
        this.#expect(')');
        value = value === undefined ? fallback : value;
      } else throw new Error(`unknown filter: ${name}`);
    }
    return value;
  }

  #attribute(): unknown {
    let value = this.#primary();
    while (this.#take('.')) {
      const name = this.#next();
      if (typeof value !== 'object' || value === null) throw new Error(`${name} of ${String(value)}`);
      value = (value as Scope)[name];
    }
    return value;
  }

  #primary(): unknown {
    const token = this.#next();
    if (token.startsWith("'")) return token.slice(1, -1);
    if (/^\d/.test(token)) return Number(token);
    if (token === 'none') return null;
    if (token === '(') {
      const value = this.#choice();
      this.#expect(')');
      return value;
    }
    if (token === '[') return this.#list(']', () => this.#choice());
    if (token === '{')
      return Object.fromEntries(
        this.#list('}', () => {
          const key = String(this.#primary());
          this.#expect(':');
          const value = this.#choice();
          if (value === undefined) throw new Error(`${key} is undefined`);
          return [key, value] as const;
        }),
      );
    if (token in this.#scope) return this.#scope[token];
    if (token === 'value_json') return undefined;
    throw new Error(`unknown word: ${token}`);
  }

  #list<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#take(end)) {
      items.push(item());
      if (!this.#take(',')) {
        this.#expect(end);
        break;
      }
    }
    return items;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new Error(`must be ${token}, got ${this.#tokens[this.#at] ?? 'the end'}`);
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('ends too early');
    this.#at += 1;
    return token;
  }
}

function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
