import type { MessageFormat } from '../format.ts';
import { createDecryptor } from './decryptor.ts';
import { createEncryptor } from './encryptor.ts';
import { parseHeader } from './header.ts';
import { createRewrapper, rewrapWhole } from './rewrap.ts';
import { decryptWhole, encryptWhole } from './whole.ts';

/** The AWS Encryption SDK message format, versions 1 and 2. */
export const framedFormat: MessageFormat = {
  name: 'framed',
  startsWith: (firstByte) => firstByte === 1 || firstByte === 2,
  inspect: (bytes, maxEncryptedDataKeys) => parseHeader(bytes, maxEncryptedDataKeys).header,
  encrypt: encryptWhole,
  decrypt: decryptWhole,
  encryptor: createEncryptor,
  decryptor: createDecryptor,
  rewrap: rewrapWhole,
  rewrapper: createRewrapper,
};
