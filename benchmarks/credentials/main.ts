/**
 * The official package and this one side by side, against a metadata service that counts.
 *
 *   node benchmarks/credentials/main.ts [--json]
 *
 * Runs itself again in a network namespace of its own, where the service has its real address, if the machine allows that
 * (`unshare`); else the service is on a free port of loopback.
 */
import { spawnSync } from 'node:child_process';
import { startCountingMetadataService } from '../../packages/credentials/src/test-support/counting-metadata-service.ts';
import {
  inMetadataNamespace,
  metadataAddress,
  namespacesWork,
} from '../../packages/credentials/src/test-support/metadata-namespace.ts';
import { getterCost } from './getter-cost.ts';
import { outages } from './outages.ts';
import { requestCounts } from './request-counts.ts';
import { rotationsWithoutFailure } from './rotations.ts';
import { subjects } from './subjects.ts';
import { tornByMetadata, tornByTimer } from './torn-signings.ts';

const inNamespace = process.env.YUNSEAL_BENCHMARK_NAMESPACE === '1';

if (!inNamespace && namespacesWork()) {
  const [command, ...args] = inMetadataNamespace;
  const { status } = spawnSync(command, [...args, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, YUNSEAL_BENCHMARK_NAMESPACE: '1' },
  });
  process.exit(status ?? 1);
}

const now = () => Date.now();
const service = await startCountingMetadataService({ now }, inNamespace ? metadataAddress : undefined);
const endpoint = inNamespace ? undefined : service.endpoint;
const results: Record<string, Record<string, unknown>> = {};
for (const subject of subjects(endpoint)) {
  results[subject.name] = {
    requests: await requestCounts(subject, service),
    torn: await tornByMetadata(subject, service),
    rotations: await rotationsWithoutFailure(subject, service),
    outages: await outages(subject, service),
  };
}
const timed = await tornByTimer();
const cost = await getterCost();
await service.close();

if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify(
      { address: service.endpoint, results, 'replaced by a timer': timed, 'signings read per second': cost },
      null,
      2,
    ),
  );
} else {
  console.log(`Metadata service at ${service.endpoint}, Node.js ${process.version}`);
  print('Requests to the metadata service', 'requests');
  print('10,000 signings of one KMS client, a new credential offered every 46 ms', 'torn');
  console.log('\nThe same with @yunseal/credentials, the credential replaced by a timer every 50 ms');
  console.table([timed]);
  print('1,000 rotations', 'rotations');
  for (const [name, { outages: byFault }] of Object.entries(results)) {
    console.log(`\nThe metadata service fails for ten minutes; the credential has twenty to live: ${name}`);
    console.table(byFault);
  }
  console.log('\nSignings read per second (three getters each), a given AccessKey');
  console.table(cost);
}
// The official package leaves requests behind that never end.
process.exit(0);

function print(title: string, part: string): void {
  console.log(`\n${title}`);
  console.table(Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result[part]])));
}
