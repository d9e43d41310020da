"""The names of our own tables and columns."""

from __future__ import annotations

SYNC_LOG_TABLE = "_zendesk_sync_log"
"""What each sync did with each stream."""

RECONCILE_LOG_TABLE = "_zendesk_reconcile_log"
"""What each comparison with Zendesk found in each stream."""

REJECTED_TABLE = "_zendesk_rejected_rows"
"""Rows, and parts of rows, that fit no table."""

ACCOUNT_COLUMN = "account"
"""Names the account of a row, in a dataset that several accounts share."""

SYNCED_AT = "_zendesk_synced_at"
"""When Zendesk answered with the row. Of two states in one load package the later one counts."""

DELETED_AT = "_zendesk_deleted_at"
"""When a list was first read without the row; null while the list shows it."""

REMOVED = "_zendesk_removed"
"""Marks a row of a side table that is gone at Zendesk; it never reaches the table itself."""

MORE = "_zendesk_more"
"""Values that found no room in columns of their own: a JSON object, by column name."""

VERSION = "_zendesk_version"
"""Key of one version of a row, where all versions are kept."""

VALID_FROM = "_zendesk_valid_from"
"""Since when that version was valid."""

VALID_TO = "_zendesk_valid_to"
"""Until when it was valid; null for the current version."""
