"""Writes and reads encrypted objects with CryptoBucket of oss2.

write <prefix> <file>: the file as <prefix>simple and, in parts, as <prefix>parts
read <key> <file> <first>-<last>...: the object into the file; ranges of it, in hexadecimal, to stdout

MASTER says what wraps the content keys: rsa, kms, or older-rsa, which is LocalRsaProvider with OAEP.
"""

import os
import sys
import tempfile

import oss2
from aliyunsdkcore.profile import region_provider
from oss2.crypto import AliKMSProvider, LocalRsaProvider, RsaProvider
from oss2.models import MultipartUploadCryptoContext, PartInfo

DESCRIPTION = {"key": "shared"}
PART = 102_400
credentials = os.environ["ACCESS_KEY_ID"], os.environ["ACCESS_KEY_SECRET"]


def provider():
    if os.environ["MASTER"] == "kms":
        region_provider.add_endpoint("Kms", "cn-hangzhou", os.environ["KMS_ENDPOINT"])
        return AliKMSProvider(*credentials, "cn-hangzhou", os.environ["KMS_KEY_ID"], mat_desc=DESCRIPTION)
    if os.environ["MASTER"] == "older-rsa":
        return LocalRsaProvider(dir=tempfile.mkdtemp(dir=os.environ["FOLDER"]))
    with open(os.environ["PUBLIC_KEY"]) as public, open(os.environ["PRIVATE_KEY"]) as private:
        pair = {"public_key": public.read(), "private_key": private.read()}
    return RsaProvider(pair, mat_desc=DESCRIPTION)


bucket = oss2.CryptoBucket(
    oss2.Auth(*credentials), os.environ["OSS_ENDPOINT"], os.environ["BUCKET"], crypto_provider=provider()
)

if sys.argv[1] == "write":
    prefix, path = sys.argv[2:]
    with open(path, "rb") as file:
        content = file.read()
    bucket.put_object(prefix + "simple", content)
    key = prefix + "parts"
    context = MultipartUploadCryptoContext(data_size=len(content), part_size=PART)
    upload_id = bucket.init_multipart_upload(key, upload_context=context).upload_id
    parts = []
    for number, start in enumerate(range(0, len(content), PART), 1):
        part = content[start : start + PART]
        result = bucket.upload_part(key, upload_id, number, part, upload_context=context)
        parts.append(PartInfo(number, result.etag, size=len(part), part_crc=result.crc))
    bucket.complete_multipart_upload(key, upload_id, parts)
else:
    key, path, *ranges = sys.argv[2:]
    with open(path, "wb") as file:
        file.write(bucket.get_object(key).read())
    for ends in ranges:
        first, last = map(int, ends.split("-"))
        print(bucket.get_object(key, byte_range=(first, last)).read().hex())
