"""Uploads to S3: an object is there whole, with the content that its key promises, or not at all."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sagespec.building.archive import ArchiveError
from sagespec.building.local_model import RepackedFile
from sagespec.building.model_archive import RepackedModel
from sagespec.building.request import Upload
from sagespec.deploying.services import Progress, ServiceError
from sagespec.deploying.services.sagemaker.faults import AGAIN, call, cause_of, code_of, is_denied
from sagespec.deploying.services.sagemaker.objects import DEFAULT_BUCKET, PIECE, StoredObjects, bucket_and_key, etag_of
from sagespec.deploying.side_by_side import each, side_by_side

THREADS = 8
PART = 16 << 20
"""Bytes of one part; what is smaller than four goes up in one piece."""
_MARK = "sagespec-sha256"
"""Metadata, for what was sent in parts, of which S3 keeps no SHA-256, and for stores that keep no checksums."""
_MADE_OF = "sagespec-model-etag"
"""Metadata of a repacked model: the ETag of the model that it was made of."""


@dataclass(frozen=True)
class UploadItem:
    """One object that is to be there."""

    key: str
    path: Path
    size: int
    sha256: str
    """In hexadecimal."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Metadata beside our own."""

    @property
    def checksum(self) -> str:
        return _base64(bytes.fromhex(self.sha256))


class ObjectStore(StoredObjects):
    """S3, as far as uploads need it."""

    def __init__(self, client: Any, region: str, part: int = PART, kms_key: str | None = None) -> None:
        """
        Args:
            part: bytes of one part of what is sent in parts.
            kms_key: what uploads are encrypted with; None for what the bucket does by itself, or demands.
        """
        super().__init__(client)
        self.region = region
        self.part = part
        self.encryption = _encryption(kms_key)

    def upload(self, upload: Upload, progress: Progress) -> bool:
        """An archive (`code`, `model`) to its key, or files (`data`) below their prefix; False where all was there.

        Raises:
            ServiceError: S3 refused, or a file was changed meanwhile.
        """
        try:
            if isinstance(upload.content, RepackedModel):
                return self._repacked(upload, upload.content, progress)
            return self._data(upload, progress) if upload.kind == "data" else self._archive(upload, progress)
        except (ArchiveError, OSError) as error:
            raise ServiceError(f"{upload.path}: {error}", getattr(error, "hint", "")) from error

    def _archive(self, upload: Upload, progress: Progress) -> bool:
        bucket, key = bucket_and_key(upload.uri)
        there = self.head(bucket, key)
        if there is not None and _sha256_of(there) == upload.sha256:
            return False
        with tempfile.TemporaryDirectory(prefix="sagespec-") as folder:
            path = Path(folder, key.rpartition("/")[2])
            with path.open("wb") as file:
                upload.content.pack(file)
            item = UploadItem(key, path, path.stat().st_size, upload.sha256)
            what = f"uploading {path.name} ({upload.sha256[:10]}…)"
            progress(what, 0, item.size)
            # There is something else under a key that names its content: it is put right.
            sent = self._put(bucket, item, overwrite=there is not None)
            progress(what, item.size, item.size)
        return sent

    def _repacked(self, upload: Upload, model: RepackedModel, progress: Progress) -> bool:
        """A model with its code inside, made once for each place of a model and content of the code.

        It is encrypted as the SDK does it. A model that has changed since it was looked at, or since it was repacked,
        is refused.
        """
        bucket, key = bucket_and_key(upload.uri)
        etag, size = self._known_by(model)
        there = self.head(bucket, key)
        if model.etag not in ("", etag):
            raise ServiceError(f"{model.model} was changed since the plan was made", "look at a new plan")
        made_of = there.get("Metadata", {}).get(_MADE_OF, "") if there is not None else ""
        if made_of == etag:
            return False
        if made_of:
            message = f"{model.model} was changed since it was packed with this code, and may be served"
            raise ServiceError(message, "a model that is served must not change: give the new one another key")
        self.encryption = tuple({**each, "ServerSideEncryption": "aws:kms"} for each in self.encryption[:1])
        with tempfile.TemporaryDirectory(prefix="sagespec-") as folder:
            path = Path(folder, "model.tar.gz")
            progress(f"packing the model again ({upload.sha256[:10]}…)", 0, size)
            with path.open("wb") as file:
                self._repack(model, etag, file)
            item = UploadItem(key, path, path.stat().st_size, _sha256(path), {_MADE_OF: etag})
            progress(f"uploading model.tar.gz ({upload.sha256[:10]}…)", 0, item.size)
            sent = self._put(bucket, item, overwrite=there is not None)
            progress(f"uploading model.tar.gz ({upload.sha256[:10]}…)", item.size, item.size)
        return sent

    def _known_by(self, model: RepackedModel) -> tuple[str, int]:
        """(what the content of a model without its code is known by, its bytes)"""
        if isinstance(model, RepackedFile):
            return model.packed.sha256, 0
        source = self.head(*bucket_and_key(model.model))
        if source is None:
            raise ServiceError(
                f"there is no model at {model.model}", "check the key, and whether the job has completed"
            )
        return etag_of(source), source["ContentLength"]

    def _repack(self, model: RepackedModel, etag: str, out: BinaryIO) -> None:
        """Streams the model, and its code where that lies in S3, into one archive."""
        from botocore.exceptions import BotoCoreError

        from sagespec.building.repacking import NoModel, repack  # few endpoints have code

        def opened(uri: str, **more: str) -> BinaryIO:
            body: BinaryIO = self.call("get_object", *bucket_and_key(uri), ("Body",), **more)["Body"]
            return body

        try:
            code = opened(model.code) if model.contents is None else model.contents
            if not isinstance(model, RepackedFile):
                repack(opened(model.model, IfMatch=etag), code, out)
                return
            with tempfile.TemporaryFile() as file:
                model.packed.pack(file)
                file.seek(0)
                repack(file, code, out)
        except NoModel as error:
            raise ServiceError(
                f"{model.model}: {error}", "what a training job saves, and tar -czf makes, is one"
            ) from error
        except BotoCoreError as error:
            raise ServiceError(f"{model.model} did not arrive completely: {error}", AGAIN) from error

    def _data(self, upload: Upload, progress: Progress) -> bool:
        bucket, prefix = bucket_and_key(upload.uri)
        what, done, sent = f"uploading {upload.path.name} ({upload.sha256[:10]}…)", 0, False
        files = upload.content.files
        hashes = each(_sha256, [path for _, path, _ in files], THREADS)
        items = [
            UploadItem(prefix + name, path, size, sha256)
            for (name, path, size), sha256 in zip(files, hashes, strict=True)
        ]
        if upload.content.unread().sha256 != upload.sha256:  # a copy has read nothing yet
            raise ServiceError(f"{upload.path} was changed while it was uploaded", AGAIN)
        there = self._sizes(bucket, prefix)
        progress(what, 0, upload.size)
        ensure = side_by_side(lambda item: self._ensure(bucket, item, there.get(item.key)), items, THREADS)
        with contextlib.closing(ensure) as ensured:
            for one in ensured:
                sent = one.get() or sent
                done += one.item.size
                progress(what, done, upload.size)
        return sent

    def _sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        return {entry["Key"]: entry["Size"] for entry in self.entries(bucket, prefix)}

    def _ensure(self, bucket: str, item: UploadItem, size: int | None) -> bool:
        """Sends a file unless it is there, whole; whether it was sent."""
        if size is not None:
            there = self.head(bucket, item.key)
            if there is not None and there["ContentLength"] == item.size and _sha256_of(there) == item.sha256:
                return False
        return self._put(bucket, item, overwrite=size is not None)

    def _put(self, bucket: str, item: UploadItem, *, overwrite: bool) -> bool:
        """Sends and verifies one object; False where another upload of the same content came first."""
        condition = {} if overwrite else {"IfNoneMatch": "*"}
        try:
            self._in_bucket(bucket, item, condition)
        except ServiceError as error:
            if code_of(cause_of(error)) not in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
                raise
            if not self._is_whole(bucket, item):
                self._in_bucket(bucket, item, {})
            return False
        if not self._is_whole(bucket, item):
            raise ServiceError(f"s3://{bucket}/{item.key} is not what was sent", AGAIN)
        return True

    def _in_bucket(self, bucket: str, item: UploadItem, condition: dict[str, str]) -> None:
        try:
            self._send(bucket, item, condition)
        except ServiceError as error:
            if code_of(cause_of(error)) != "NoSuchBucket" or not self._make(bucket):
                raise
            self._send(bucket, item, condition)

    def _send(self, bucket: str, item: UploadItem, condition: dict[str, str]) -> None:
        """Sends an object as the bucket's policy wants it: one may refuse what does not ask for encryption.

        The first refusal is the one that is reported: where none of the ways helps, a permission is missing.
        """
        send = self._whole if item.size < 4 * self.part else self._parts
        refused: ServiceError | None = None
        for encryption in self.encryption:
            try:
                send(bucket, item, condition, encryption)
            except ServiceError as error:
                if not is_denied(cause_of(error)):
                    raise refused or error from error.__cause__
                refused = refused or error
            else:
                self.encryption = (encryption,)
                return
        assert refused is not None  # there is one way at least
        raise refused

    def _is_whole(self, bucket: str, item: UploadItem) -> bool:
        there = self.head(bucket, item.key)
        return there is not None and there["ContentLength"] == item.size and _sha256_of(there) == item.sha256

    def _whole(self, bucket: str, item: UploadItem, condition: dict[str, str], encryption: dict[str, str]) -> None:
        with item.path.open("rb") as file:
            # S3 refuses bytes that do not have this checksum, so that no half object can come to be.
            self.call(
                "put_object",
                bucket,
                item.key,
                ("ETag",),
                Body=file,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=item.checksum,
                Metadata={_MARK: item.sha256, **item.marks},
                **condition,
                **encryption,
            )

    def _parts(self, bucket: str, item: UploadItem, condition: dict[str, str], encryption: dict[str, str]) -> None:
        """Sends a large object; nothing shows under its key before all of it has arrived and is what it should be."""
        begun = self.call(
            "create_multipart_upload",
            bucket,
            item.key,
            ("UploadId",),
            ChecksumAlgorithm="SHA256",
            Metadata={_MARK: item.sha256, **item.marks},
            **encryption,
        )
        of = {"UploadId": begun["UploadId"]}
        try:
            whole, parts = hashlib.sha256(), []
            for number, piece in enumerate(_pieces(item.path, self.part), 1):
                whole.update(piece)
                checksum = _base64(hashlib.sha256(piece).digest())
                answer = self.call(
                    "upload_part",
                    bucket,
                    item.key,
                    ("ETag",),
                    PartNumber=number,
                    Body=piece,
                    ChecksumSHA256=checksum,
                    **of,
                )
                parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
            if whole.hexdigest() != item.sha256:
                raise ServiceError(f"{item.path} was changed while it was uploaded", AGAIN)
            self.call(
                "complete_multipart_upload",
                bucket,
                item.key,
                ("ETag",),
                MultipartUpload={"Parts": parts},
                **of,
                **condition,
            )
        except BaseException:
            with contextlib.suppress(ServiceError):
                self.call("abort_multipart_upload", bucket, item.key, **of)
            raise

    def _make(self, bucket: str) -> bool:
        """Makes the account's default bucket, as the SageMaker SDK does; no other."""
        default = DEFAULT_BUCKET.fullmatch(bucket)
        if default is None or default["region"] != self.region:
            return False
        parameters: dict[str, Any] = {}
        if self.region != "us-east-1":  # which is what no constraint means
            parameters["CreateBucketConfiguration"] = {"LocationConstraint": self.region}
        try:
            call(self.client.create_bucket, f"CreateBucket {bucket}", Bucket=bucket, **parameters)
        except ServiceError as error:
            if code_of(cause_of(error)) not in ("BucketAlreadyOwnedByYou", "OperationAborted"):
                raise
        return True


def _encryption(kms_key: str | None) -> tuple[dict[str, str], ...]:
    """What is asked of S3, in the order in which it is tried: nothing is what most buckets and policies want."""
    if kms_key is not None:
        return ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key},)
    return ({}, {"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "AES256"})


def _sha256_of(there: dict[str, Any]) -> str:
    """The SHA-256 of an object in hexadecimal, as far as S3 knows it; empty where it does not.

    The checksum of what was sent in parts (its ETag has a dash) is one of checksums, of no use here.
    """
    checksum = there.get("ChecksumSHA256", "")
    if checksum and "-" not in checksum and "-" not in there.get("ETag", ""):
        with contextlib.suppress(ValueError):
            return base64.b64decode(checksum).hex()
    return str(there.get("Metadata", {}).get(_MARK, ""))


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(path, PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece
