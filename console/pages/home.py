"""The front door: on to the page that somebody works on."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from console import navigation
from console.visit import Here

router = APIRouter()


@router.get("/", name="home")
async def home(here: Here) -> Response:
    """To the first page that this person may open."""
    entries = navigation.menu(here)
    return RedirectResponse(entries[0].address if entries else here.url("account"), 303)
