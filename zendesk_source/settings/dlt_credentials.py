"""The ways to log in as dlt finds them in its configuration.

dlt tries the branches of ``ZendeskCredentials`` from left to right and takes the first whose
fields are all there. Field names are those of dlt's verified source, so existing
``secrets.toml`` files keep working. Fields that are declared here again are those that dlt has to
find, and those that are secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Union

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration
from dlt.common.typing import TSecretStrValue

from zendesk_source.settings.credentials import (
    ApiToken,
    OAuthClient,
    OAuthToken,
    RefreshToken,
    require_text,
    tidy,
    token_file_of,
)


@configspec
class ZendeskRefreshToken(CredentialsConfiguration, RefreshToken):
    """The pair of tokens that ``zendesk-source login`` stores, renewed before it expires.

    dlt takes it if ``refresh_token`` or ``token_file`` is given, or if a client without a secret
    has logged in.
    """

    subdomain: str = None  # type: ignore[assignment]
    client_id: str = None  # type: ignore[assignment]
    refresh_token: TSecretStrValue = None  # type: ignore[assignment]
    client_secret: Optional[TSecretStrValue] = None  # noqa: UP045 - dlt reads the annotation
    chat_token: Optional[TSecretStrValue] = None  # noqa: UP045 - dlt reads the annotation

    def data_folder(self) -> Path:
        """Return dlt's own folder."""
        return Path(dlt.current.run_context().data_dir)

    def on_partial(self) -> None:
        """Do without ``refresh_token`` if a login has stored one."""
        is_begun = self.subdomain and self.client_id and not self.refresh_token
        if is_begun and (
            self.token_file or (not self.client_secret and token_file_of(self).exists())
        ):
            self.resolve()

    def on_resolved(self) -> None:
        """Refuse a field that is empty, as in the example file, or that cannot be sent."""
        tidy(self)
        given: str | None = self.refresh_token
        require_text(self, "client_id", *(["refresh_token"] if given is not None else []))


@configspec
class ZendeskOAuthClient(CredentialsConfiguration, OAuthClient):
    """A confidential OAuth client of the account (grant ``client_credentials``).

    The token is asked for at run time and acts as the user who owns the client.
    """

    subdomain: str = None  # type: ignore[assignment]
    client_id: str = None  # type: ignore[assignment]
    client_secret: TSecretStrValue = None  # type: ignore[assignment]
    chat_token: Optional[TSecretStrValue] = None  # noqa: UP045 - dlt reads the annotation

    def on_resolved(self) -> None:
        """Refuse a field that is empty, as in the example file, or that cannot be sent."""
        tidy(self)
        require_text(self, "client_id", "client_secret")


@configspec
class ZendeskOAuthToken(CredentialsConfiguration, OAuthToken):
    """An OAuth access token made elsewhere; when it expires, so does the pipeline."""

    subdomain: str = None  # type: ignore[assignment]
    oauth_token: TSecretStrValue = None  # type: ignore[assignment]
    chat_token: Optional[TSecretStrValue] = None  # noqa: UP045 - dlt reads the annotation

    def on_resolved(self) -> None:
        """Refuse a field that is empty, as in the example file, or that cannot be sent."""
        tidy(self)
        require_text(self, "oauth_token")


@configspec
class ZendeskApiToken(CredentialsConfiguration, ApiToken):
    """An agent's address and an API token, which Zendesk switches off on 30 April 2027."""

    subdomain: str = None  # type: ignore[assignment]
    email: str = None  # type: ignore[assignment]
    token: TSecretStrValue = None  # type: ignore[assignment]
    chat_token: Optional[TSecretStrValue] = None  # noqa: UP045 - dlt reads the annotation

    def on_resolved(self) -> None:
        """Refuse a field that is empty, as in the example file, or that cannot be sent."""
        tidy(self)
        require_text(self, "email", "token")


ZendeskCredentials = Union[  # noqa: UP007
    ZendeskRefreshToken, ZendeskOAuthClient, ZendeskOAuthToken, ZendeskApiToken
]
"""Any of them; dlt picks the first whose fields are all given."""
