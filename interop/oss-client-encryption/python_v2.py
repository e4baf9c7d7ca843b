"""Writes and reads encrypted objects with the encryption client of alibabacloud_oss_v2.

write <prefix> <file>: the file as <prefix>simple and, in parts, as <prefix>parts
read <key> <file> <first>-<last>...: the object into the file; ranges of it, in hexadecimal, to stdout

MASTER says what wraps the content keys: rsa or kms.
"""

import base64
import json
import os
import sys

import alibabacloud_oss_v2 as oss
from alibabacloud_kms20160120 import models as kms_models
from alibabacloud_kms20160120.client import Client as KmsClient
from alibabacloud_oss_v2 import crypto
from alibabacloud_tea_openapi.models import Config

DESCRIPTION = {"key": "shared"}


class KmsCipher(crypto.MasterCipher):
    """The KMS master key that the SDK leaves to its users.

    Base64 text goes to KMS, and of the ciphertext blob the raw bytes come back.
    """

    def __init__(self):
        self._client = KmsClient(
            Config(
                access_key_id=os.environ["ACCESS_KEY_ID"],
                access_key_secret=os.environ["ACCESS_KEY_SECRET"],
                endpoint=os.environ["KMS_ENDPOINT"],
                region_id="cn-hangzhou",
                ca=os.environ["REQUESTS_CA_BUNDLE"],
            )
        )

    def encrypt(self, data):
        request = kms_models.EncryptRequest(
            key_id=os.environ["KMS_KEY_ID"], plaintext=base64.b64encode(data).decode()
        )
        return base64.b64decode(self._client.encrypt(request).body.ciphertext_blob)

    def decrypt(self, data):
        request = kms_models.DecryptRequest(ciphertext_blob=base64.b64encode(data).decode())
        return base64.b64decode(self._client.decrypt(request).body.plaintext)

    def get_wrap_algorithm(self):
        return "KMS/ALICLOUD"

    def get_mat_desc(self):
        return json.dumps(DESCRIPTION)


def master_cipher():
    if os.environ["MASTER"] == "kms":
        return KmsCipher()
    with open(os.environ["PUBLIC_KEY"]) as public, open(os.environ["PRIVATE_KEY"]) as private:
        return crypto.MasterRsaCipher(DESCRIPTION, public.read(), private.read())


configuration = oss.config.load_default()
configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
    os.environ["ACCESS_KEY_ID"], os.environ["ACCESS_KEY_SECRET"]
)
configuration.region = "cn-hangzhou"
configuration.endpoint = os.environ["OSS_ENDPOINT"]
client = oss.EncryptionClient(oss.Client(configuration), master_cipher())
bucket = os.environ["BUCKET"]
PART = 102_400

if sys.argv[1] == "write":
    prefix, path = sys.argv[2:]
    with open(path, "rb") as file:
        content = file.read()
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=prefix + "simple", body=content))
    key = prefix + "parts"
    started = client.initiate_multipart_upload(
        oss.InitiateMultipartUploadRequest(
            bucket=bucket, key=key, cse_part_size=PART, cse_data_size=len(content)
        )
    )
    parts = []
    for number, start in enumerate(range(0, len(content), PART), 1):
        part = client.upload_part(
            oss.UploadPartRequest(
                bucket=bucket,
                key=key,
                part_number=number,
                upload_id=started.upload_id,
                cse_multipart_context=started.cse_multipart_context,
                body=content[start : start + PART],
            )
        )
        parts.append(oss.UploadPart(part_number=number, etag=part.etag))
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            bucket=bucket,
            key=key,
            upload_id=started.upload_id,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
        )
    )
else:
    key, path, *ranges = sys.argv[2:]
    with open(path, "wb") as file:
        file.write(client.get_object(oss.GetObjectRequest(bucket=bucket, key=key)).body.content)
    for ends in ranges:
        ranged = client.get_object(
            oss.GetObjectRequest(bucket=bucket, key=key, range_header=f"bytes={ends}", range_behavior="standard")
        )
        print(ranged.body.content.hex())
