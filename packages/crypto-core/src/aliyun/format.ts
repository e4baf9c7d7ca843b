import type { MessageFormat } from '../format.ts';
import { cursorOver } from './cursor.ts';
import { createDecryptor } from './decryptor.ts';
import { createEncryptor } from './encryptor.ts';
import { publicHeader } from './public-header.ts';
import { readMessageHeader, startsAliyunMessage } from './read-message.ts';
import { createRewrapper, rewrapWhole } from './rewrap.ts';
import { decryptWhole, encryptWhole } from './whole.ts';

/** The message of the Alibaba Cloud Encryption SDK, in both its encodings. */
export const aliyunFormat: MessageFormat = {
  name: 'aliyun',
  startsWith: startsAliyunMessage,
  inspect(bytes, maxEncryptedDataKeys) {
    const { header, encoding, headerEnd } = readMessageHeader(cursorOver(bytes), maxEncryptedDataKeys);
    return publicHeader(header, encoding, headerEnd);
  },
  encrypt: encryptWhole,
  decrypt: decryptWhole,
  encryptor: createEncryptor,
  decryptor: createDecryptor,
  rewrap: rewrapWhole,
  rewrapper: createRewrapper,
};
