import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalCloud } from '@yunseal/local-cloud';

/** Requests that the story repeats many times are counted in one line. */
interface Line {
  readonly text: string;
  times: number;
}

/**
 * Listens to what reaches the local cloud: metadata requests by their path, all others as the audit log names them.
 *
 * @returns a function that gives the lines since it was last called
 */
export function listenToTheWire(cloud: LocalCloud): { tell(): string[]; stop(): void } {
  const metadataPort = new URL(cloud.endpoints.imds).port;
  const metadata: string[] = [];
  let audited = 0;

  const onAnswer = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (String(request.socket.localPort) !== metadataPort) return;
    metadata.push(`imds  ${request.method} ${request.url}  ${response.statusCode}`);
  };
  subscribe('http.server.response.finish', onAnswer);

  return {
    tell() {
      const events = cloud.auditLog();
      const fresh = events.slice(audited).map((event) => {
        const caller = event.userIdentity.userName ?? 'anonymous';
        const outcome = event.errorCode ?? 'ok';
        return `${event.serviceName.toLowerCase().padEnd(4)}  ${event.eventName}  as ${caller}  ${outcome}`;
      });
      audited = events.length;
      return counted([...metadata.splice(0), ...fresh]);
    },
    stop: () => unsubscribe('http.server.response.finish', onAnswer),
  };
}

function counted(texts: readonly string[]): string[] {
  const lines: Line[] = [];
  for (const text of texts) {
    const same = lines.find((line) => line.text === text);
    if (same) same.times += 1;
    else lines.push({ text, times: 1 });
  }
  return lines.map(({ text, times }) => (times === 1 ? text : `${text}  (${times} times)`));
}
