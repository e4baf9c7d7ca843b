"""The main operations of OSS through oss2, with the signature version that the first argument names."""

import json
import os
import sys
from urllib.request import urlopen

import oss2

version = sys.argv[1]
key_id = os.environ["ADMINISTRATOR_ACCESS_KEY_ID"]
secret = os.environ["ADMINISTRATOR_ACCESS_KEY_SECRET"]
auth = {"v1": oss2.Auth, "v2": oss2.AuthV2, "v4": oss2.AuthV4}[version](key_id, secret)
region = {"region": os.environ["REGION"]} if version == "v4" else {}
bucket = oss2.Bucket(auth, os.environ["OSS_ENDPOINT"], f"python-{version}", **region)
result = {}


def code_of(call):
    try:
        call()
    except oss2.exceptions.OssError as error:
        return error.code or error.status
    return None


bucket.create_bucket(oss2.BUCKET_ACL_PRIVATE)
odd = "odd +%&?#=!'()*~ ü你好\u0001/x"
bucket.put_object(odd, b"0123456789", headers={"x-oss-meta-name": "value", "Content-Type": "text/x-test"})
head = bucket.head_object(odd)
result["head"] = [head.content_length, head.content_type, head.headers["x-oss-meta-name"]]
result["range"] = bucket.get_object(odd, byte_range=(2, 4)).read().decode()
result["conditional"] = code_of(lambda: bucket.get_object(odd, headers={"If-None-Match": head.etag}))

bucket.append_object("log", 0, b"one,")
result["append"] = bucket.append_object("log", 4, b"two").next_position
result["appendWrong"] = code_of(lambda: bucket.append_object("log", 4, b"x"))

with open("/dev/urandom", "rb") as random:
    content = random.read(3 * 1024 * 1024 + 17)
upload_id = bucket.init_multipart_upload("big").upload_id
parts = []
for index in range(4):
    body = content[index * 1024 * 1024 : (index + 1) * 1024 * 1024]
    sent = bucket.upload_part("big", upload_id, index + 1, body)
    parts.append(oss2.models.PartInfo(index + 1, sent.etag, size=len(body), part_crc=sent.crc))
result["parts"] = [part.part_number for part in oss2.PartIterator(bucket, "big", upload_id)]
bucket.complete_multipart_upload("big", upload_id, parts)
result["multipart"] = bucket.get_object("big").read() == content
bucket.copy_object(bucket.bucket_name, "big", "copy")
result["copy"] = bucket.get_object("copy").read() == content

bucket.put_object_acl(odd, oss2.OBJECT_ACL_PUBLIC_READ)
result["acl"] = bucket.get_object_acl(odd).acl
result["list"] = [listed.key for listed in oss2.ObjectIterator(bucket, max_keys=2)]
result["listV2"] = [listed.key for listed in oss2.ObjectIteratorV2(bucket, max_keys=2)]
with urlopen(bucket.sign_url("GET", odd, 60)) as response:
    result["presigned"] = response.read().decode()
result["deleted"] = sorted(bucket.batch_delete_objects([odd, "log", "big", "copy"]).deleted_keys)
result["missing"] = code_of(lambda: bucket.get_object(odd))
bucket.delete_bucket()
result["noBucket"] = code_of(lambda: bucket.get_bucket_info())
result["wrongSecret"] = code_of(
    lambda: oss2.Bucket(type(auth)(key_id, "wrong"), os.environ["OSS_ENDPOINT"], os.environ["BUCKET"], **region).get_object("x")
)
print(json.dumps(result))
