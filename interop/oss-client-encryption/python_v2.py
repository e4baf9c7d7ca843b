"""Writes and reads encrypted objects with the encryption client of alibabacloud_oss_v2.

write <prefix> <file>: the file as <prefix>simple and, in parts, as <prefix>parts
read <key> <file> <first> <last>: the object into the file; a range of it, in hexadecimal, to stdout
"""

import os
import sys

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2 import crypto

configuration = oss.config.load_default()
configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
    os.environ["ACCESS_KEY_ID"], os.environ["ACCESS_KEY_SECRET"]
)
configuration.region = "cn-hangzhou"
configuration.endpoint = os.environ["OSS_ENDPOINT"]
with open(os.environ["PUBLIC_KEY"]) as public, open(os.environ["PRIVATE_KEY"]) as private:
    master = crypto.MasterRsaCipher({"key": "shared"}, public.read(), private.read())
client = oss.EncryptionClient(oss.Client(configuration), master)
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
    key, path, first, last = sys.argv[2:]
    with open(path, "wb") as file:
        file.write(client.get_object(oss.GetObjectRequest(bucket=bucket, key=key)).body.content)
    ranged = client.get_object(
        oss.GetObjectRequest(bucket=bucket, key=key, range_header=f"bytes={first}-{last}", range_behavior="standard")
    )
    print(ranged.body.content.hex())
