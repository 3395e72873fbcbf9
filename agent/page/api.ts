/** The agent’s API, by address relative to the page, so that it works below any path. */
const ROOT = 'api/v1';
/** ms for an answer to begin. */
const PATIENCE = 10_000;

/** An answer that is a refusal, or none at all (status 0). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Api {
  /** @throws ApiError */
  get<T>(path: string, signal: AbortSignal): Promise<T>;
  /** @throws ApiError */
  post(path: string, body: object, signal: AbortSignal): Promise<void>;
  /** The text of an answer as it comes. @param body posted as JSON; without one it is a GET. @throws ApiError */
  stream(path: string, body: object | undefined, signal: AbortSignal): Promise<AsyncIterable<string>>;
}

/** @param token what is to be carried, at the time of each request. */
export function createApi(token: () => string | undefined): Api {
  const request = async (path: string, body: object | undefined, signal: AbortSignal): Promise<Response> => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), PATIENCE);
    const carried = token();
    let response: Response;
    try {
      response = await fetch(`${ROOT}/${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(carried === undefined ? {} : { authorization: `Bearer ${latin1(carried)}` }),
        },
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.any([signal, late.signal]),
      });
    } catch {
      throw new ApiError(0, 'the agent does not answer');
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return response;
    throw new ApiError(response.status, sentenceOf(await response.text().catch(() => ''), response.status));
  };
  return {
    get: async <T>(path: string, signal: AbortSignal) =>
      (await (await request(path, undefined, signal)).json()) as T,
    post: async (path, body, signal) => void (await request(path, body, signal)),
    stream: async (path, body, signal) => {
      const { body: bytes } = await request(path, body, signal);
      return piecesOf(bytes);
    },
  };
}

async function* piecesOf(bytes: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (bytes === null) return;
  const reader = bytes.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    // Whoever listens no more hangs up.
    await reader.cancel().catch(() => {});
  }
}

/** A header takes bytes only: the token’s are those of UTF-8. */
function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function sentenceOf(text: string, status: number): string {
  try {
    const { error, sentence } = JSON.parse(text) as { error?: string; sentence?: string };
    return error ?? sentence ?? `HTTP status ${status}`;
  } catch {
    return `HTTP status ${status}`;
  }
}
