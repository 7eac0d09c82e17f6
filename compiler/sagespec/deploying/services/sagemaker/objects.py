"""What lies in S3: whether an object is there, what its content is known by, and the way to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sagespec.deploying.services import ServiceError, Stored
from sagespec.deploying.services.sagemaker.faults import AGAIN, call, cause_of, code_of, is_denied, tokens

PIECE = 1 << 20
_ABSENT = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
DEFAULT_BUCKET = re.compile(r"sagemaker-(?P<region>[a-z0-9-]+)-(?P<account>\d{12})")


class StoredObjects:
    """The objects of S3, as they are."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def etag(self, uri: str) -> str:
        """What the content of an object, or of all that lies below a prefix (`…/`), is known by; empty where there is
        none, or nobody lets us look.

        Raises:
            ServiceError: S3 failed.
        """
        try:
            if uri.endswith("/"):
                return self._etag_below(uri)
            return etag_of(self.call("head_object", *bucket_and_key(uri)))
        except ServiceError as error:
            answer = getattr(cause_of(error), "response", {}).get("ResponseMetadata", {})
            if 400 <= answer.get("HTTPStatusCode", 0) < 500:  # denied, absent, or of another region: HEAD says no more
                return ""
            raise

    def _etag_below(self, uri: str) -> str:
        """Of the names and ETags of the objects, whose order is that of the names."""
        found = hashlib.sha256()
        bucket, prefix = bucket_and_key(uri)
        entries = list(self.entries(bucket, prefix))
        for entry in entries:
            found.update(f"{entry['Key']}\0{etag_of(entry)}\n".encode())
        return found.hexdigest()[:32] if entries else ""

    def exists(self, uri: str) -> bool:
        """Whether an object is there, or anything below it: an uncompressed model is a folder."""
        bucket, key = bucket_and_key(uri)
        if self.head(bucket, key) is not None:
            return True
        try:
            answer = self.call("list_objects_v2", bucket, "", Prefix=f"{key.rstrip('/')}/", MaxKeys=1)
        except ServiceError as error:
            if code_of(cause_of(error)) == "NoSuchBucket":
                return False
            raise
        return bool(answer.get("KeyCount"))

    def objects(self, uri: str) -> Iterator[Stored]:
        """What lies below a prefix; nothing where there is no bucket."""
        bucket, key = bucket_and_key(uri)
        prefix = f"{key.rstrip('/')}/" if key else ""
        for entry in self.entries(bucket, prefix):
            yield Stored(entry["Key"].removeprefix(prefix), entry["Size"], entry["LastModified"].timestamp())

    def fetch(self, uri: str, path: Path) -> None:
        """Brings an object to a file.

        Raises:
            ServiceError: it is not there, or did not arrive completely.
        """
        from botocore.exceptions import BotoCoreError

        bucket, key = bucket_and_key(uri)
        answer = self.call("get_object", bucket, key, ("Body", "ContentLength"))
        try:
            with path.open("wb") as file:
                for piece in answer["Body"].iter_chunks(PIECE):
                    file.write(piece)
        except (BotoCoreError, OSError) as error:
            raise ServiceError(f"{uri} did not arrive completely: {error}", AGAIN) from error

    def entries(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        """What lies below a prefix; nothing in a bucket that is not there yet."""
        token: dict[str, str] = {}
        new = tokens(f"ListObjectsV2 s3://{bucket}/{prefix}")
        while True:
            try:
                answer = self.call("list_objects_v2", bucket, "", ("KeyCount",), Prefix=prefix, **token)
            except ServiceError as error:
                if code_of(cause_of(error)) == "NoSuchBucket":
                    return
                raise
            yield from answer.get("Contents", ())
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": new(answer.get("NextContinuationToken", ""))}

    def head(self, bucket: str, key: str) -> dict[str, Any] | None:
        """What is known about an object; None where there is none."""
        try:
            return self.call("head_object", bucket, key, ("ContentLength",), ChecksumMode="ENABLED")
        except ServiceError as error:
            if code_of(cause_of(error)) in _ABSENT:
                return None
            if is_denied(cause_of(error)):  # HeadObject's errors have no text
                hint = "s3:GetObject and s3:ListBucket are needed (docs/permissions.md)"
                raise ServiceError(f"s3://{bucket}/{key}: S3 does not let us look", hint) from error
            raise

    def call(self, method: str, bucket: str, key: str, required: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        """A call about an object. The default bucket's name can be guessed, so it must be the account's own.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        """
        default = DEFAULT_BUCKET.fullmatch(bucket)
        owner = {"ExpectedBucketOwner": default["account"]} if default else {}
        about = {"Key": key} if key else {}
        doing = f"{''.join(word.title() for word in method.split('_'))} s3://{bucket}/{key}"
        return call(getattr(self.client, method), doing, required, Bucket=bucket, **about, **owner, **more)


def bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def etag_of(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')
