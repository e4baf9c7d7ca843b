/** A process on an instance: nothing configured, the service at its real address. Prints what reached the service. */
import { ecsRamRole } from '../providers/ecs-ram-role.ts';
import { startCountingMetadataService } from './counting-metadata-service.ts';
import { metadataAddress } from './metadata-namespace.ts';

const service = await startCountingMetadataService({}, metadataAddress);
const provider = ecsRamRole();
const answers = await Promise.all(Array.from({ length: 1_000 }, () => provider.getCredentials()));
for (let call = 0; call < 1_000; call += 1) await provider.getCredentials();
await service.close();
console.log(JSON.stringify({ requests: service.requests, different: new Set(answers).size }));
