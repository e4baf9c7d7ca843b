"""The temporary credentials of the instance's role, from the metadata service."""

import json
import os
import urllib.request


def instance_credentials():
    url = f"{os.environ['IMDS_ENDPOINT']}/latest/meta-data/ram/security-credentials/{os.environ['ROLE_NAME']}"
    with urllib.request.urlopen(url) as response:
        document = json.load(response)
    return document["AccessKeyId"], document["AccessKeySecret"], document["SecurityToken"]
