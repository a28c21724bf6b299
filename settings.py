"""The one table of settings; read by the processes at the root and by nobody else.

Every setting is `AFTERCARE_<NAME>` in the environment or in an `.env` file of the current folder. Unknown names are
errors, so that a misspelt one is not ignored. Where Temporal is, Temporal's own `TEMPORAL_*` variables say.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import Invalid
from models.outside.targets import Allowed, networks_of
from models.people.identity import check_issuer, read_groups

PREFIX = "AFTERCARE_"
#: What Kubernetes puts into every pod for a service that is called `aftercare`.
_KUBERNETES = re.compile(
    r"^AFTERCARE_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$"
)
#: Any of these says that Temporal is elsewhere, and no embedded server is started.
_TEMPORAL_ELSEWHERE = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


class Settings(BaseSettings):
    """Name, type, default and one sentence for each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="folder of the embedded default: both databases, the token of `up`")
    http_host: str = Field("127.0.0.1", description="address that the HTTP API listens on")
    http_port: int = Field(8080, ge=0, le=65535, description="its port; 0 = any free one")
    temporal_port: int = Field(7233, ge=0, le=65535, description="port of the embedded Temporal; 0 = any free one")
    database_url: str | None = Field(None, description="PostgreSQL or SQLite address; default: SQLite in `DATA`")
    bootstrap_token: SecretStr | None = Field(None, description="accepted as an integration that has every role")
    playbooks: Path | None = Field(
        None,
        description="folder of the playbooks; default: the shipped ones, until somebody publishes",
    )
    publish_by_two: bool = Field(
        False, description="whoever wrote a draft of a playbook or calendar last does not put it into force"
    )
    files: str | None = Field(None, description="folder or fsspec address of photos and files; default: in `DATA`")
    font: Path | None = Field(None, description="TrueType font of return slips; default: the one that is part of us")
    locale: str = Field("zh-CN", pattern=r"^(zh-CN|en)$", description="language of what people read")
    url: str | None = Field(None, description="API for the command line; default: the one `up` left in `DATA`")
    token: SecretStr | None = Field(None, description="token that the command line shows to it")
    console_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="where people open the console; notifications link to it"
    )
    customer_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="where customers open their pages; default: `CONSOLE_URL`"
    )
    link_secret: SecretStr | None = Field(
        None, min_length=32, description="signs customers' links; default: a key that the database keeps"
    )
    link_days: int = Field(90, ge=1, le=3650, description="so many days a customer's link lasts")
    cached_cases: int = Field(
        2000, ge=0, le=1_000_000, description="open cases that a worker keeps in memory, each with 0.3 MB"
    )
    path_prefix: str = Field(
        "", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="path that a proxy serves us under, such as `/desk`"
    )
    password_sign_in: bool = Field(True, description="people sign in with passwords; off: through the provider alone")
    oidc_issuer: str | None = Field(
        None, description="identity provider (OpenID Connect), as it calls itself; with it and the client people use it"
    )
    oidc_client_id: str | None = Field(None, description="what the provider calls this Aftercare")
    oidc_client_secret: SecretStr | None = Field(None, description="its secret; none for a public client")
    oidc_name: str | None = Field(None, max_length=40, description="what the button calls the provider; default: host")
    oidc_scopes: str = Field("openid profile email", pattern=r"(^| )openid( |$)", description="what it is asked for")
    oidc_roles_claim: str | None = Field(
        None, description="claim that names somebody's groups, such as `groups`; without it managers give the roles"
    )
    oidc_roles: str | None = Field(
        None, description="what groups stand for: `desk=agent, leads=supervisor+finance`; needs the claim"
    )
    oidc_match_email: bool = Field(
        False, description="a verified e-mail address means the user, or the person of the staff list, who has it"
    )
    payout_timeout: float = Field(20, gt=0, le=120, description="seconds that a payment provider has for an answer")
    stripe_key: SecretStr | None = Field(None, description="secret key; with it, refunds of card payments go to Stripe")
    stripe_webhook_secret: SecretStr | None = Field(
        None, description="`whsec_…` of the endpoint: with it, what Stripe says by itself is heard"
    )
    stripe_url: str | None = Field(None, description="Stripe's address, where it is another than its own")
    alipay_app_id: str | None = Field(None, description="with it and the two keys, refunds go to Alipay")
    alipay_private_key: SecretStr | None = Field(None, description="the shop's key, or the path of its file")
    alipay_public_key: str | None = Field(None, description="Alipay's key (RSA2), or the path of its file")
    alipay_url: str | None = Field(None, description="Alipay's address, for its sandbox")
    wechatpay_mchid: str | None = Field(None, description="merchant; with the next six, refunds go to WeChat Pay")
    wechatpay_appid: str | None = Field(None, description="app of the merchant")
    wechatpay_serial_no: str | None = Field(None, description="serial number of the merchant's certificate")
    wechatpay_private_key: SecretStr | None = Field(None, description="the merchant's key, or the path of its file")
    wechatpay_apiv3_key: SecretStr | None = Field(None, description="the merchant's APIv3 key")
    wechatpay_public_key: str | None = Field(None, description="WeChat Pay's public key, or the path of its file")
    wechatpay_public_key_id: str | None = Field(None, description="its id, `PUB_KEY_ID_…`")
    wechatpay_url: str | None = Field(None, description="WeChat Pay's address, where it is another than its own")
    hooks_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="where couriers and WeChat Pay reach this API from outside"
    )
    courier_timeout: float = Field(10, gt=0, le=60, description="seconds that whoever is asked about a parcel has")
    kuaidi100_key: SecretStr | None = Field(
        None, description="with it and the customer, Kuaidi100 is told of parcels and asked about them"
    )
    kuaidi100_customer: str | None = Field(None, description="the customer id that belongs to the key")
    kuaidi100_url: str | None = Field(None, description="Kuaidi100's address, where it is another than its own")
    aftership_key: SecretStr | None = Field(None, description="with it, AfterShip is told of parcels and asked")
    aftership_url: str | None = Field(None, description="AfterShip's address, where it is another than its own")
    easypost_key: SecretStr | None = Field(None, description="with it, EasyPost is told of parcels and asked")
    easypost_url: str | None = Field(None, description="EasyPost's address, where it is another than its own")
    courier_secret: SecretStr | None = Field(
        None, description="`whsec_…`: with it, any courier's events are taken, signed by Standard Webhooks"
    )
    kuaidi100_salt: SecretStr | None = Field(None, description="with it, Kuaidi100's callbacks are taken")
    aftership_webhook_secret: SecretStr | None = Field(None, description="with it, AfterShip's webhooks are taken")
    easypost_webhook_secret: SecretStr | None = Field(None, description="with it, EasyPost's webhooks are taken")
    shopify_webhook_secret: SecretStr | None = Field(
        None, description="with it, Shopify's orders are taken as they come"
    )
    woocommerce_webhook_secret: SecretStr | None = Field(
        None, description="with it, WooCommerce's orders are taken as they come"
    )
    medusa_webhook_secret: SecretStr | None = Field(
        None, description="`whsec_…`: with it, orders of a Medusa are taken, signed by Standard Webhooks"
    )
    webhook_http: bool = Field(False, description="webhooks out may also go to `http://` addresses")
    webhook_networks: str | None = Field(
        None, description="networks that webhooks out may go to although they are not public, such as `10.1.0.0/16`"
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_issuer(cls, value: str | None) -> str | None:
        try:
            return None if value is None else check_issuer(value)
        except Invalid as refused:
            raise ValueError(refused.detail) from None

    @field_validator("oidc_roles")
    @classmethod
    def _known_groups(cls, value: str | None) -> str | None:
        try:
            read_groups(value or "")
        except Invalid as refused:
            raise ValueError(refused.detail) from None
        return value

    @property
    def own_playbooks(self) -> Path | None:
        """The shop's own folder of playbooks, to publish into; beside an embedded database it may be in `DATA`.

        Processes on several machines share no `DATA`, so with a database elsewhere it has to be named.
        """
        return self.playbooks or (self.data / "playbooks" if self.database_url is None else None)

    @property
    def playbooks_in_use(self) -> Path | None:
        """The named folder of playbooks, or the one in `DATA` if it is there; None = the shipped ones."""
        own = self.own_playbooks
        return self.playbooks or (own if own is not None and own.is_dir() else None)

    @field_validator("webhook_networks")
    @classmethod
    def _known_networks(cls, value: str | None) -> str | None:
        try:
            networks_of(value or "")
        except Invalid as refused:
            raise ValueError(refused.detail) from None
        return value

    @property
    def webhook_targets(self) -> Allowed:
        """Where webhooks out may go beyond public addresses by https."""
        return Allowed(http=self.webhook_http, networks=networks_of(self.webhook_networks or ""))

    @property
    def file_store(self) -> str:
        """Where photos and files lie."""
        return self.files or str((self.data / "files").resolve())

    @property
    def customer_site(self) -> str | None:
        """Where customers open their pages."""
        return self.customer_url or self.console_url

    @property
    def database(self) -> str:
        """The database's address, as SQLAlchemy wants it."""
        if self.database_url is None:
            return f"sqlite:///{(self.data / 'aftercare.db').resolve()}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)


def environment() -> dict[str, str]:
    """The environment over the `.env` file of the current folder."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def load_settings(**given: Any) -> Settings:
    """The settings in force; `given` ones win. Raises Invalid naming the first that is wrong or unknown."""
    unknown = unknown_settings(environment())
    if unknown:
        known = ", ".join(sorted(name.upper() for name in Settings.model_fields))
        raise Invalid(f"{unknown[0]} is no setting of Aftercare. Known, each behind {PREFIX}: {known}.")
    try:
        return Settings(**given)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise Invalid(f"{name}: {first['msg']}.") from None


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Names that look like ours and are not, except what Kubernetes injects for a service of that name."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    ours = (name for name in environment if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name.upper() not in known and not _KUBERNETES.match(name.upper()))


def temporal_is_elsewhere() -> bool:
    """Whether Temporal's own variables point at a server, so that none is to be started here."""
    return any(environment().get(name) for name in _TEMPORAL_ELSEWHERE)
