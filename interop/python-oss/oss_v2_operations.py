"""The main operations of OSS through alibabacloud_oss_v2, which signs with version 4."""

import json
import os
import tempfile
from urllib.request import urlopen

import alibabacloud_oss_v2 as oss

configuration = oss.config.load_default()
configuration.credentials_provider = oss.credentials.StaticCredentialsProvider(
    os.environ["ADMINISTRATOR_ACCESS_KEY_ID"], os.environ["ADMINISTRATOR_ACCESS_KEY_SECRET"]
)
configuration.region = os.environ["REGION"]
configuration.endpoint = os.environ["OSS_ENDPOINT"]
client = oss.Client(configuration)
bucket = "python-oss-v2"
result = {}


def code_of(call):
    try:
        call()
    except oss.exceptions.OperationError as error:
        return error.unwrap().code
    return None


client.put_bucket(oss.PutBucketRequest(bucket=bucket))
odd = "odd +%&?#=!'()*~ ü你好\u0001/x"
client.put_object(oss.PutObjectRequest(bucket=bucket, key=odd, body=b"0123456789", metadata={"name": "value"}))
result["metadata"] = dict(client.head_object(oss.HeadObjectRequest(bucket=bucket, key=odd)).metadata)
ranged = client.get_object(oss.GetObjectRequest(bucket=bucket, key=odd, range_header="bytes=2-4"))
result["range"] = ranged.body.read().decode()
ranged.body.close()

content = os.urandom(3 * 1024 * 1024 + 17)
with tempfile.NamedTemporaryFile() as source, tempfile.NamedTemporaryFile() as target:
    source.write(content)
    source.flush()
    client.uploader(part_size=1024 * 1024).upload_file(oss.PutObjectRequest(bucket=bucket, key="big"), source.name)
    client.downloader(part_size=1024 * 1024).download_file(
        oss.GetObjectRequest(bucket=bucket, key="big"), target.name
    )
    with open(target.name, "rb") as downloaded:
        result["transfer"] = downloaded.read() == content
client.copier().copy(
    oss.CopyObjectRequest(bucket=bucket, key="copy", source_bucket=bucket, source_key=odd, forbid_overwrite="true")
)
pages = client.list_objects_v2_paginator(limit=1).iter_page(oss.ListObjectsV2Request(bucket=bucket))
result["list"] = [listed.key for page in pages for listed in page.contents or []]
with urlopen(client.presign(oss.GetObjectRequest(bucket=bucket, key=odd)).url) as response:
    result["presigned"] = response.read().decode()
result["exists"] = [
    client.is_object_exist(bucket, odd),
    client.is_object_exist(bucket, "missing"),
    client.is_bucket_exist("no-such-bucket"),
]
deleted = client.delete_multiple_objects(
    oss.DeleteMultipleObjectsRequest(bucket=bucket, objects=[oss.DeleteObject(key=key) for key in (odd, "big", "copy")])
)
result["deleted"] = sorted(one.key for one in deleted.deleted_objects)
result["missing"] = code_of(lambda: client.get_object(oss.GetObjectRequest(bucket=bucket, key=odd)))
result["missingHead"] = code_of(lambda: client.head_object(oss.HeadObjectRequest(bucket=bucket, key=odd)))
client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))
print(json.dumps(result))
