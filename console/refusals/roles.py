"""How roles are called."""

from typing import Final

from console.language import N_

#: Role → how it is called.
ROLE_WORDS: Final = {
    "agent": N_("agent"),
    "supervisor": N_("supervisor"),
    "manager": N_("manager"),
    "director": N_("director"),
    "warehouse": N_("warehouse"),
    "workshop": N_("workshop"),
    "technician": N_("technician"),
    "expert": N_("expert"),
    "finance": N_("finance"),
    "customer": N_("customer"),
    "courier": N_("courier"),
    "platform": N_("platform"),
    "system": N_("Aftercare"),
}
