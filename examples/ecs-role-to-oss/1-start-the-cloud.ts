import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';

/** Step 1: everything below talks to these endpoints, on loopback; against the real cloud, leave them out. */
export function startTheCloud(port?: number): Promise<LocalCloud> {
  return startLocalCloud({ port });
}
