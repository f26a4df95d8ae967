/** What a handler answers. */
export interface Reply {
  readonly status: number;
  readonly type?: 'application/json' | 'text/plain; charset=us-ascii';
  readonly body?: string;
}

/** What a handler is asked. */
export interface Query {
  readonly method: string;
  /** With its escapes undone, part by part, without the first slash. */
  readonly path: readonly string[];
  readonly parameters: URLSearchParams;
  readonly body: string;
}

export const NOT_FOUND: Reply = { status: 404, body: '404 page not found\n' };

export function failure(status: number, body: string): Reply {
  return { status, body };
}

export function json(value: string): Reply {
  return { status: 200, type: 'application/json', body: value };
}

export function text(value: string): Reply {
  return { status: 200, type: 'text/plain; charset=us-ascii', body: value };
}
