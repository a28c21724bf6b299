"""How people are told: this map is the only list of channels, by the kind of address that they take."""

from collections.abc import Mapping

from activities.channels.channel import Channel
from activities.channels.log import LogChannel
from activities.channels.outside import Outside
from models.people.addresses import KINDS

LOG = LogChannel()

CHANNELS: Mapping[str, Channel] = {"log": LOG, **dict.fromkeys(KINDS, Outside())}
