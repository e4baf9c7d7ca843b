"""The documents' own example: on an instance with a role, list ten files of a bucket. Prints their names."""

import os
from itertools import islice

import oss2

from instance_credentials import instance_credentials

auth = oss2.StsAuth(*instance_credentials())
bucket = oss2.Bucket(auth, os.environ["OSS_ENDPOINT"], os.environ["BUCKET"])
for listed in islice(oss2.ObjectIterator(bucket), 10):
    print(listed.key)
