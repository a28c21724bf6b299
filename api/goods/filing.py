"""Files that come in: taken once, kept outside of every payload, shown to whoever may see their case."""

import asyncio
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import quote

from sqlalchemy import Engine

from api.database import OnDatabase
from files.intake import Taken, small_name, source_of, taken
from files.kinds import EXTENSIONS, LARGEST
from files.shelf import FileShelf
from models.errors import Invalid, NotFound, TooLarge
from models.lifecycle import Role
from store.engine import reading, writing
from store.goods import files as kept_files
from store.goods.files import CaseFile, KeptFile

#: Pictures that are decoded at the same time; each may need some hundred MB for a moment.
_AT_ONCE = 2


class Filing(OnDatabase):
    """The files of a shop: their rows in SQL, their bytes on a shelf."""

    def __init__(self, engine: Engine, shelf: FileShelf) -> None:
        super().__init__(engine)
        self.shelf = shelf
        self._decoding = asyncio.Semaphore(_AT_ONCE)

    async def take(self, file: BinaryIO, now: datetime) -> KeptFile:
        """Keep a file; the same again is the same file. Raises FileRefused, TooLarge, Invalid for an empty one."""
        content = await asyncio.to_thread(file.read, LARGEST + 1)
        if not content:
            raise Invalid("The file is empty: choose another one.")
        if len(content) > LARGEST:
            raise TooLarge(f"A file may have {LARGEST // (1024 * 1024)} MB at most; send a smaller one.")
        known = await asyncio.to_thread(self._known, source_of(content), now)
        if known is not None:
            return known
        async with self._decoding:
            made = await asyncio.to_thread(taken, content)
        return await asyncio.to_thread(self._keep, made, now)

    def _known(self, source: str, now: datetime) -> KeptFile | None:
        """A file whose bytes were lost, as with a folder put back from an older copy, is taken as new.

        One that was about to be let go stays from here on, or has gone by now and is taken as new too.
        """
        with reading(self.engine) as session:
            kept = kept_files.by_source(session, source)
        if kept is None:
            return None
        with writing(self.engine) as session:
            stays = kept_files.sent_again(session, kept.id, now)
        return kept.model_copy(update={"at": now}) if stays and self.shelf.has(kept.id) else None

    def _keep(self, made: Taken, now: datetime) -> KeptFile:
        """The bytes first: a row promises that they are there.

        Somebody may let the same file go between the two. His transaction is over once the row is written, so what
        he took away is put back before this one ends.
        """
        self._put(made)
        size = len(made.content)
        kept = KeptFile(id=made.id, media_type=made.media_type, size=size, width=made.width, height=made.height, at=now)
        with writing(self.engine) as session:
            kept_files.keep(session, kept, made.source)
            self._put(made)
        return kept

    def _put(self, made: Taken) -> None:
        self.shelf.put(made.id, made.content)
        if made.small is not None:
            self.shelf.put(small_name(made.id), made.small)

    async def of_case(self, case_no: str) -> tuple[CaseFile, ...]:
        """The files of a case."""
        return await self._read(lambda session: kept_files.of_case(session, case_no))

    async def mind_his_own(self, case_no: str, file_id: str) -> None:
        """Raises NotFound for a file that the customer has not sent himself: what the house adds is its own."""
        if not any(file.id == file_id and file.role == Role.CUSTOMER for file in await self.of_case(case_no)):
            raise NotFound("The case has no such file.")

    async def link(self, case_no: str, file_id: str, name: str | None, by: str, role: str, now: datetime) -> bool:
        """Say that a file belongs to a case; answers whether that is new."""
        return await self._write(lambda session: kept_files.link(session, case_no, file_id, name, by, role, now))

    async def unlink(self, case_no: str, file_id: str) -> None:
        """Say that a file is none of a case after all."""
        await self._write(lambda session: kept_files.unlink(session, case_no, file_id))

    async def fetch(self, case_no: str, file_id: str, small: bool) -> tuple[bytes, str]:
        """The bytes of a file of this case, and their media type. Raises NotFound for a file of any other case."""

        def read() -> tuple[bytes, str]:
            with reading(self.engine) as session:
                kept = kept_files.get(session, file_id)
                if kept is None or not kept_files.belongs(session, case_no, file_id):
                    raise NotFound("The case has no such file.")
            return self._bytes(kept, small)

        return await asyncio.to_thread(read)

    async def fetch_loose(self, file_id: str, small: bool) -> tuple[bytes, str]:
        """The same of a file that belongs to no case yet; whoever asks has made sure that it may be seen."""

        def read() -> tuple[bytes, str]:
            with reading(self.engine) as session:
                kept = kept_files.get(session, file_id)
            if kept is None:
                raise NotFound("There is no such file.")
            return self._bytes(kept, small)

        return await asyncio.to_thread(read)

    def _bytes(self, kept: KeptFile, small: bool) -> tuple[bytes, str]:
        if small and kept.width is not None:
            return self.shelf.get(small_name(kept.id)), "image/jpeg"
        return self.shelf.get(kept.id), kept.media_type


def address_of(case_no: str, file_id: str) -> str:
    """Where a file of a case is fetched."""
    return f"/api/v1/cases/{quote(case_no, safe='')}/files/{file_id}"


def file_document(kept: KeptFile, case_no: str | None = None) -> dict[str, Any]:
    """A file as the API shows it."""
    shown = kept.model_dump(mode="json")
    return shown if case_no is None else {**shown, "url": address_of(case_no, kept.id)}


def file_name(file_id: str, media_type: str) -> str:
    """What a file is called when it is saved: never what its sender called it."""
    return f"{file_id[:12]}.{EXTENSIONS[media_type]}"
