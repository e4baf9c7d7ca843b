import { createEncryptionClient, inspectMessage } from '@yunseal/crypto-core';
import { generateX25519, x25519Keyring } from './x25519-keyring.ts';

const recipient = generateX25519();
const sender = createEncryptionClient({ keyring: x25519Keyring({ recipients: [recipient.publicKey] }) });
const { ciphertext } = await sender.encrypt('Nobody but the recipient reads this.', {
  context: { purpose: 'example' },
});

const { suite, encryptedDataKeys, context } = inspectMessage(ciphertext);
console.log(`${ciphertext.length} bytes, ${suite.name}, context ${JSON.stringify(context)}`);
for (const { providerId, providerInfo } of encryptedDataKeys)
  console.log(`for ${providerId} ${providerInfo}`);

const receiver = createEncryptionClient({ keyring: x25519Keyring({ identity: recipient.privateKey }) });
const { plaintext } = await receiver.decrypt(ciphertext, { context: { purpose: 'example' } });
console.log(new TextDecoder().decode(plaintext));
