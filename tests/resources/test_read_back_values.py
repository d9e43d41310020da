from zendesk_source.resources.read_back import _python_row


def test_truth_values_are_none_but_truth_values_where_a_destination_has_numbers() -> None:
    types = {"id": "bigint", "active": "bool", "shared": "bool", "tags": "json"}
    row = _python_row(types, (1, 1, 0, '["a"]'))
    assert row == {"id": 1, "active": True, "shared": False, "tags": ["a"]}
    assert type(row["active"]) is bool
