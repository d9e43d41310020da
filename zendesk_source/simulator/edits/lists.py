"""Edits of the lists that are read whole, custom fields first of all."""

from __future__ import annotations

from typing import Any

from zendesk_source.simulator.children import remove_children, tell_parent
from zendesk_source.simulator.help_centers import is_at_one_address
from zendesk_source.simulator.rows.settings import (
    Owner,
    field_options,
    option_tag,
    person_field_row,
    ticket_field_row,
)
from zendesk_source.simulator.state import STREAM_BY_NAME, State
from zendesk_source.simulator.store import Row, iso


class ListEdits(State):
    """Adds, changes and removes rows of any stream."""

    def add_row(self, stream: str, **values: Any) -> Row:
        """Add a row; declared keys that are not given are null.

        The ``brand_id`` of a row of a Help Center says whose it is; the default brand's without.
        """
        with self.lock:
            store = self.store(stream)
            brand_id = (
                values.pop("brand_id", None) if is_at_one_address(STREAM_BY_NAME[stream]) else None
            )
            row = self.blank_row(STREAM_BY_NAME[stream], values)
            store.put(row)
            if brand_id is not None:
                self.brand_ids[stream, store.key_of(row)] = brand_id
            tell_parent(self, STREAM_BY_NAME[stream], row)
            return row

    def open_help_center(self, brand_id: int, address: str) -> Row:
        """Give a brand a Help Center, at an address that leads to the simulator."""
        is_open = {"has_help_center": True, "help_center_state": "enabled"}
        return self.edit_row("brands", brand_id, **is_open, brand_url=address)

    def edit_row(self, stream: str, row_id: Any, **changes: Any) -> Row:
        """Change a row; its ``updated_at`` or cursor field moves to now."""
        with self.lock:
            store = self.store(stream)
            row = store[row_id]
            now = self.now_second()
            for name in {"updated_at", STREAM_BY_NAME[stream].cursor_field}:
                if name in row and name is not None:
                    row[name] = now if isinstance(row[name], int) else iso(now)
            row.update(changes)
            store.put(row)
            tell_parent(self, STREAM_BY_NAME[stream], row)
            return row

    def remove_row(self, stream: str, row_id: Any) -> Row:
        """Remove a row for good, and what belongs to it."""
        with self.lock:
            store = self.store(stream)
            row = store[row_id]
            store.drop(row_id)
            remove_children(self, stream, row_id)
            tell_parent(self, STREAM_BY_NAME[stream], row)
            return row

    def add_field(
        self,
        owner: Owner,
        field_type: str,
        title: str,
        key: str | None = None,
        options: list[str] | None = None,
    ) -> Row:
        """Add a custom field to tickets, users or organizations.

        Args:
            owner: Whose field it is.
            field_type: As the API names it: text, checkbox, tagger, dropdown, decimal ...
            title: Title, which may be changed later.
            key: Key of a user or organization field; made from the title if not given.
            options: Titles of the choices, for drop-downs and multi-selects.
        """
        with self.lock:
            store = self.stores[f"{owner}_fields"]
            field_id, moment, position = self.new_id(), iso(self.now_second()), len(store)
            if owner == "ticket":
                field = ticket_field_row(
                    field_id, field_type, title, moment, position=position, removable=True
                )
            else:
                field = person_field_row(
                    owner,
                    field_id,
                    field_type,
                    title,
                    moment,
                    key=key or option_tag(title),
                    position=position,
                )
            if options is not None:
                ids = [self.new_id() for _ in options]
                field["custom_field_options"] = field_options(owner, field_id, ids, options)
            store.put(field)
            return field

    def rename_field(self, owner: Owner, field_id: int, title: str) -> Row:
        """Give a custom field another title; id, key and values stay."""
        titles = {"title": title, "raw_title": title}
        if owner == "ticket":
            titles.update(title_in_portal=title, raw_title_in_portal=title)
        return self.edit_row(f"{owner}_fields", field_id, **titles)

    def remove_field(self, owner: Owner, field_id: int) -> Row:
        """Remove a custom field from the list; rows keep its values until they are edited."""
        return self.remove_row(f"{owner}_fields", field_id)

    def add_ticket_field(
        self, field_type: str, title: str, options: list[str] | None = None
    ) -> Row:
        """Add a custom ticket field."""
        return self.add_field("ticket", field_type, title, options=options)

    def rename_ticket_field(self, field_id: int, title: str) -> Row:
        """Give a ticket field another title."""
        return self.rename_field("ticket", field_id, title)

    def remove_ticket_field(self, field_id: int) -> Row:
        """Remove a ticket field."""
        return self.remove_field("ticket", field_id)
