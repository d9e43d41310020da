"""The tables of Fivetran's Zendesk connector, as the package ``dbt_zendesk`` reads them."""

from __future__ import annotations

from zendesk_source.views.declared import View
from zendesk_source.views.fivetran.chats import CHATS
from zendesk_source.views.fivetran.history import HISTORY
from zendesk_source.views.fivetran.people import PEOPLE
from zendesk_source.views.fivetran.settings import SETTINGS
from zendesk_source.views.fivetran.tickets import TICKETS

FIVETRAN: tuple[View, ...] = (*TICKETS, *HISTORY, *CHATS, *PEOPLE, *SETTINGS)

HISTORY_COLUMNS = ("status", "assignee_id", "priority", "group_id", "ticket_form_id", "type")
"""Fields that are worth a column in the package's daily history of each ticket."""
