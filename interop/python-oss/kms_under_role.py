"""KMS with the role's credentials: a data key, wrapped and unwrapped; and what the role was not granted."""

import json
import os
from urllib.parse import urlparse

from alibabacloud_kms20160120.client import Client
from alibabacloud_kms20160120 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from instance_credentials import instance_credentials

access_key_id, access_key_secret, security_token = instance_credentials()
client = Client(
    Config(
        access_key_id=access_key_id,
        access_key_secret=access_key_secret,
        security_token=security_token,
        endpoint=urlparse(os.environ["KMS_ENDPOINT"]).netloc,
        protocol="http",
        region_id=os.environ["REGION"],
    )
)
context = {"purpose": "interop", "用途": "互操作"}


def code_of(call):
    try:
        call()
    except ClientException as error:
        return error.code
    return None


data_key = client.generate_data_key(
    models.GenerateDataKeyRequest(key_id=os.environ["KEY_ID"], number_of_bytes=32, encryption_context=context)
).body
unwrapped = client.decrypt(
    models.DecryptRequest(ciphertext_blob=data_key.ciphertext_blob, encryption_context=context)
).body
print(
    json.dumps(
        {
            "same": unwrapped.plaintext == data_key.plaintext,
            "keyId": unwrapped.key_id,
            "otherContext": code_of(
                lambda: client.decrypt(
                    models.DecryptRequest(ciphertext_blob=data_key.ciphertext_blob, encryption_context={"purpose": "x"})
                )
            ),
            "createKey": code_of(lambda: client.create_key(models.CreateKeyRequest())),
        }
    )
)
