"""Writes and reads messages with the official client.

A JSON array of jobs on standard input, the array of their results on standard output. KMS is a stand-in whose
ciphertext blobs are the data keys themselves.
"""

import base64
import json
import os
import sys

from aliyun_encryption_sdk.client import AliyunCrypto
from aliyun_encryption_sdk.kms import AliyunConfig
from aliyun_encryption_sdk.kms.kms import AliyunKms
from aliyun_encryption_sdk.model import Algorithm
from aliyun_encryption_sdk.provider import EncryptedDataKey
from aliyun_encryption_sdk.provider.default import DefaultDataKeyProvider


class KmsStandIn(AliyunKms):
    """The four calls of KMS that messages need."""

    def generate_data_key(self, key, algorithm, context):
        data_key = base64.b64encode(os.urandom(algorithm.key_len)).decode()
        return data_key, data_key

    def encrypt_data_key(self, key, plaintext_data_key, context):
        return EncryptedDataKey(key.key_arn.encode(), plaintext_data_key.encode())

    def reEncrypt_data_key(self, key, encrypted_data_key, context):
        return EncryptedDataKey(key.key_arn.encode(), encrypted_data_key.encrypted_data_key)

    def decrypt_data_key(self, encrypted_data_key, context):
        return encrypted_data_key.encrypted_data_key


def run(job):
    config = AliyunConfig("access-key-id", "access-key-secret")
    provider = DefaultDataKeyProvider(
        job["keyArns"][0],
        kms=KmsStandIn(config),
        algorithm=Algorithm.get_algorithm_by_id(job["algorithm"]),
        keys=set(job["keyArns"][1:]),
    )
    client = AliyunCrypto(config)
    data = base64.b64decode(job["bytes"])
    try:
        if job["operation"] == "write":
            output, material = client.encrypt(provider, data, job["context"])
        else:
            output, material = client.decrypt(provider, data)
    except Exception as error:
        return {"error": repr(error)}
    return {
        "bytes": base64.b64encode(output).decode(),
        "context": material.cipher_header.encryption_context,
    }


json.dump([run(job) for job in json.load(sys.stdin)], sys.stdout)
