"""The settings of a Zendesk Support account: languages, addresses, brands' agents, partners."""

from __future__ import annotations

from zendesk_source.catalogue.lists import API_REFERENCE, only_row, whole_list
from zendesk_source.catalogue.stream import Paging, Stream, columns

_CONFIGURATION = "ticketing/account-configuration/"

ACCOUNT_SETTINGS = whole_list(
    "account_settings",
    "account/settings",
    _CONFIGURATION + "account_settings/",
    columns(
        bigint="id",
        json="active_features agents api apps billing branding brands cdn chat cross_sell email"
        " google_apps groups limits localization lotus metrics onboarding routing rule"
        " side_conversations statistics ticket_form tickets twitter user voice",
    ),
    paging=Paging.OBJECT,
    records_key="settings",
    derive=only_row,
)

LOCALES = whole_list(
    "locales",
    "locales",
    _CONFIGURATION + "locales/",
    columns(bigint="id", timestamp="created_at updated_at", text="url locale name"),
    paging=Paging.SINGLE,
    access="anyone",
)

TIME_ZONES = whole_list(
    "time_zones",
    "time_zones",
    "ticketing/introduction/",
    columns(bigint="offset", text="name formatted_offset iana_name"),
    paging=Paging.SINGLE,
    primary_key=("name",),
    access="anyone",
    note="The names that users and schedules carry.",
)

DYNAMIC_CONTENT_ITEMS = whole_list(
    "dynamic_content_items",
    "dynamic_content/items",
    "ticketing/ticket-management/dynamic_content/",
    columns(
        bigint="id default_locale_id",
        timestamp="created_at updated_at",
        text="url name placeholder",
        bool="outdated",
        json="variants",
    ),
    records_key="items",
    access="admin",
    needs="Professional",
    note="Holds its variants.",
)

RECIPIENT_ADDRESSES = whole_list(
    "recipient_addresses",
    "recipient_addresses",
    _CONFIGURATION + "support_addresses/",
    columns(
        bigint="id brand_id",
        timestamp="created_at updated_at",
        text="url name email cname_status dns_results domain_verification_code"
        " domain_verification_status forwarding_status spf_status",
        bool="default",
    ),
)

BRAND_AGENTS = whole_list(
    "brand_agents",
    "brand_agents",
    _CONFIGURATION + "brand_agents/",
    columns(bigint="brand_id user_id", timestamp="created_at updated_at", text="id url"),
    access="admin",
)

TICKET_FORM_STATUSES = whole_list(
    "ticket_form_statuses",
    "ticket_form_statuses",
    "ticketing/tickets/ticket_form_statuses/",
    columns(bigint="custom_status_id ticket_form_id", text="id"),
    paging=Paging.SINGLE,
    needs="custom statuses limited to forms",
)

SHARING_AGREEMENTS = whole_list(
    "sharing_agreements",
    "sharing_agreements",
    "ticketing/tickets/sharing_agreements/",
    columns(
        bigint="id",
        timestamp="created_at updated_at",
        text="url name partner_name remote_subdomain status type",
    ),
    paging=Paging.SINGLE,
)

RESOURCE_COLLECTIONS = whole_list(
    "resource_collections",
    "resource_collections",
    "ticketing/ticket-management/resource_collections/",
    columns(bigint="id", timestamp="created_at updated_at", json="resources"),
    paging=Paging.OFFSET,
    access="admin",
)

JIRA_LINKS = Stream(
    name="jira_links",
    product="support",
    path="/api/v2/jira/links",
    records_key="links",
    paging=Paging.CURSOR,
    primary_key=("id",),
    cursor_field=None,
    write="replace",
    page_size=1000,
    columns=columns(
        bigint="id ticket_id issue_id",
        timestamp="created_at updated_at",
        text="url issue_key",
    ),
    access="admin",
    needs="the Jira integration",
    docs=API_REFERENCE + "ticketing/jira/links/",
)

SUPPORT_ACCOUNT: tuple[Stream, ...] = (
    ACCOUNT_SETTINGS,
    LOCALES,
    TIME_ZONES,
    DYNAMIC_CONTENT_ITEMS,
    RECIPIENT_ADDRESSES,
    BRAND_AGENTS,
    TICKET_FORM_STATUSES,
    SHARING_AGREEMENTS,
    RESOURCE_COLLECTIONS,
    JIRA_LINKS,
)
