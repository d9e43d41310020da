"""How rows of exports are asked for by their ids.

Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#show-multiple-tickets
"""

from __future__ import annotations

from types import MappingProxyType

from zendesk_source.catalogue.stream import DELETED_NOW, ById

TICKETS_BY_ID = ById(
    path="/api/v2/tickets",
    include="metric_sets,comment_count",
    are_dense=True,
    only_in_export=("generated_timestamp",),
    deleted_as=MappingProxyType({"status": "deleted", "is_deleted": True}),
)

USERS_BY_ID = ById(
    path="/api/v2/users",
    include="identities",
    deleted_as=MappingProxyType({"active": False}),
)

ORGANIZATIONS_BY_ID = ById(
    path="/api/v2/organizations",
    deleted_as=MappingProxyType({"deleted_at": DELETED_NOW}),
)
