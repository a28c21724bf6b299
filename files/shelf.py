"""Where the bytes of files lie: a local folder, or any store that fsspec knows, each file under its hash."""

from uuid import uuid4

import fsspec
from fsspec.core import url_to_fs

from models.errors import NotFound, Unavailable


class FileShelf:
    """Keeps bytes under a name that never changes its content, so writing twice is writing once."""

    def __init__(self, url: str) -> None:
        self._store: fsspec.AbstractFileSystem
        self._store, root = url_to_fs(url)
        self._root = root.rstrip("/")

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, all or nothing. Raises Unavailable when the store refuses."""
        target = self._path(name)
        beside = f"{target}.{uuid4().hex}.part"
        try:
            if self._store.exists(target):
                return
            self._store.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            self._store.pipe_file(beside, content)
            self._store.mv(beside, target)
        except OSError as away:
            raise Unavailable(f"The file could not be kept ({type(away).__name__}); send it again.") from None

    def has(self, name: str) -> bool:
        """Whether bytes are kept under a name. Raises Unavailable when the store is away."""
        try:
            found: bool = self._store.exists(self._path(name))
        except OSError as away:
            raise Unavailable(f"The store of files is away ({type(away).__name__}); try again.") from None
        return found

    def get(self, name: str) -> bytes:
        """The bytes under a name. Raises NotFound when there are none, Unavailable when the store is away."""
        try:
            content: bytes = self._store.cat_file(self._path(name))
        except FileNotFoundError:
            raise NotFound("The file is not in the store any more.") from None
        except OSError as away:
            raise Unavailable(f"The store of files is away ({type(away).__name__}); try again.") from None
        return content

    def drop(self, name: str) -> None:
        """Let a file go; one that is not there is gone already."""
        try:
            self._store.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}"
