"""What every value of a case is made of: frozen, and quick to copy with a change."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value. `model_copy(update=…)` answers the same as pydantic's, in a quarter of its time.

    A decision makes a dozen such copies. None of our values has private attributes or extra fields, so what pydantic
    does for those is left out; a deep copy is pydantic's own.
    """

    model_config = ConfigDict(frozen=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """This value with other fields; they are not validated."""
        if deep:
            return super().model_copy(update=update, deep=True)
        changes = update or {}
        named = self.__pydantic_fields_set__
        named = named if named >= changes.keys() else named | changes.keys()
        copy = type(self).__new__(type(self))
        object.__setattr__(copy, "__dict__", {**self.__dict__, **changes})
        object.__setattr__(copy, "__pydantic_fields_set__", named)
        object.__setattr__(copy, "__pydantic_extra__", None)
        object.__setattr__(copy, "__pydantic_private__", None)
        return copy
