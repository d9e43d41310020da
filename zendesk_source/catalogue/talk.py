"""The streams of Zendesk Talk: calls and their legs, lines, greetings, and current activity."""

from __future__ import annotations

from functools import partial

from zendesk_source.catalogue.lists import API_REFERENCE, only_row, whole_list
from zendesk_source.catalogue.stream import TAKEN_AT, Columns, Paging, Stream, columns

_TALK = "voice/talk-api/"
_NEEDS = "Talk"
_VOICE = "channels/voice/"

_list = partial(whole_list, product="talk", paging=Paging.OFFSET, access="admin", needs=_NEEDS)


def _export(name: str, columns: Columns, note: str = "") -> Stream:
    """Declare the export of calls or legs: always 1,000 rows a page, ten requests a minute."""
    rows_key = name.removeprefix("talk_call_").removeprefix("talk_")
    return Stream(
        name=name,
        product="talk",
        path=f"/api/v2/{_VOICE}stats/incremental/{rows_key}.json",
        records_key=rows_key,
        paging=Paging.TIME_EXPORT,
        primary_key=("id",),
        cursor_field="updated_at",
        write="merge",
        page_size=1000,
        bucket="talk-incremental-exports",
        columns=columns,
        access="admin",
        needs=_NEEDS,
        note=note,
        docs=API_REFERENCE + _TALK + "incremental_exports/",
    )


TALK_CALLS = _export(
    "talk_calls",
    columns(
        bigint="id agent_id call_group_id consultation_time customer_id duration hold_time line_id"
        " minutes_billed not_recording_time phone_number_id recording_control_interactions"
        " recording_time talk_time ticket_id time_to_answer wait_time wrap_up_time ivr_hops"
        " ivr_time_spent copilot_suggestions_generated_successful"
        " copilot_suggestions_generated_total",
        decimal="call_charge",
        timestamp="created_at updated_at",
        text="call_channel call_recording_consent call_recording_consent_action"
        " call_recording_consent_keypress callback_source completion_status direction ivr_action"
        " ivr_destination_group_name ivr_routed_to line line_type overflowed_to"
        " phone_number transcription_language",
        bool="callback customer_requested_voicemail default_group exceeded_queue_wait_time"
        " outside_business_hours overflowed post_call_summary post_call_summary_created"
        " post_call_transcription post_call_transcription_created real_time_transcription"
        " voicemail",
        json="quality_issues",
    ),
    note="A call comes again when its recording or transcript is there.",
)

TALK_CALL_LEGS = _export(
    "talk_call_legs",
    columns(
        bigint="id agent_id call_id conference_from conference_time conference_to consultation_from"
        " consultation_time consultation_to duration hold_time minutes_billed talk_time"
        " transferred_from transferred_to user_id wrap_up_time",
        decimal="call_charge",
        timestamp="created_at updated_at",
        text="available_via completion_status forwarded_to type",
        json="quality_issues",
    ),
    note="`agent_id` is 0 on a customer's leg, `user_id` on an agent's.",
)

TALK_PHONE_NUMBERS = _list(
    "talk_phone_numbers",
    _VOICE + "phone_numbers",
    _TALK + "phone_numbers/",
    columns(
        bigint="id default_group_id sms_group_id brand_id ivr_id priority schedule_id",
        timestamp="created_at",
        text="number display_number name nickname country_code location line_type failover_number",
        bool="external outbound_enabled recorded sms_enabled toll_free token"
        " transcription voice_enabled",
        json="capabilities categorised_greetings default_greeting_ids greeting_ids group_ids",
    ),
    records_key="phone_numbers",
)

TALK_LINES = _list(
    "talk_lines",
    _VOICE + "lines",
    _TALK + "lines/",
    columns(
        bigint="id brand_id default_group_id priority schedule_id",
        timestamp="created_at",
        text="line_id line_type name nickname number",
        bool="recorded voice_enabled",
        json="group_ids greeting_ids",
    ),
    records_key="lines",
    note="Phone and digital lines.",
)

TALK_ADDRESSES = _list(
    "talk_addresses",
    _VOICE + "addresses",
    _TALK + "addresses/",
    columns(
        bigint="id",
        text="name street city state province zip country_code provider_reference",
    ),
    records_key="addresses",
)

TALK_GREETINGS = _list(
    "talk_greetings",
    _VOICE + "greetings",
    _TALK + "greetings/",
    columns(
        bigint="category_id upload_id",
        text="id name audio_name audio_url",
        bool="active default default_lang has_sub_settings pending",
        json="ivr_ids phone_number_ids",
    ),
    records_key="greetings",
)

TALK_GREETING_CATEGORIES = _list(
    "talk_greeting_categories",
    _VOICE + "greeting_categories",
    _TALK + "greeting_categories/",
    columns(bigint="id", text="name"),
    records_key="greeting_categories",
)

TALK_IVRS = _list(
    "talk_ivrs",
    _VOICE + "ivr",
    _TALK + "ivrs/",
    columns(bigint="id", text="name", json="menus phone_number_ids phone_number_names"),
    records_key="ivrs",
    note="Holds its menus and their routes.",
)

TALK_SETTINGS = _list(
    "talk_settings",
    _VOICE + "settings",
    _TALK + "voice_settings/",
    columns(bigint="id"),
    paging=Paging.OBJECT,
    records_key="settings",
    derive=only_row,
)

_snapshot = partial(
    whole_list, product="talk", write="append", access="agent", needs=_NEEDS,
    note="A snapshot: Zendesk keeps no history, a sync adds what it saw.",
)  # fmt: skip
_STATISTICS = _VOICE + "stats/"

TALK_AGENTS_ACTIVITY = _snapshot(
    "talk_agents_activity",
    _STATISTICS + "agents_activity",
    _TALK + "stats/#list-agents-activity",
    columns(
        bigint="agent_id accepted_third_party_conferences accepted_transfers available_time"
        " average_hold_time average_talk_time average_wrap_up_time away_time call_status"
        " calls_accepted calls_denied calls_missed calls_put_on_hold online_time"
        " started_third_party_conferences started_transfers total_call_duration total_hold_time"
        " total_talk_time total_wrap_up_time transfers_only_time",
        timestamp=TAKEN_AT,
        text="agent_state avatar_url forwarding_number name status status_code via",
    ),
    paging=Paging.OFFSET,
    primary_key=("agent_id", TAKEN_AT),
    records_key="agents_activity",
)

TALK_AGENTS_OVERVIEW = _snapshot(
    "talk_agents_overview",
    _STATISTICS + "agents_overview",
    _TALK + "stats/#show-agents-overview",
    columns(
        bigint="average_accepted_transfers average_available_time average_away_time"
        " average_calls_accepted average_calls_denied average_calls_missed"
        " average_calls_put_on_hold average_hold_time average_online_time"
        " average_started_transfers average_talk_time average_transfers_only_time"
        " average_wrap_up_time total_accepted_transfers total_calls_accepted total_calls_denied"
        " total_calls_missed total_calls_put_on_hold total_hold_time total_started_transfers"
        " total_talk_time total_wrap_up_time",
        timestamp=TAKEN_AT,
    ),
    paging=Paging.OBJECT,
    primary_key=(TAKEN_AT,),
    records_key="agents_overview",
)

TALK_ACCOUNT_OVERVIEW = _snapshot(
    "talk_account_overview",
    _STATISTICS + "account_overview",
    _TALK + "stats/#show-account-overview",
    columns(
        bigint="average_call_duration average_callback_wait_time average_hold_time"
        " average_queue_wait_time average_time_to_answer average_wrap_up_time max_calls_waiting"
        " max_queue_wait_time total_call_duration total_callback_calls total_calls"
        " total_calls_abandoned_in_queue total_calls_outside_business_hours"
        " total_calls_with_exceeded_queue_wait_time total_calls_with_requested_voicemail"
        " total_embeddable_callback_calls total_hold_time total_inbound_calls"
        " total_outbound_calls total_textback_requests total_voicemails total_wrap_up_time",
        timestamp=TAKEN_AT,
    ),
    paging=Paging.OBJECT,
    primary_key=(TAKEN_AT,),
    records_key="account_overview",
)

TALK_CURRENT_QUEUE_ACTIVITY = _snapshot(
    "talk_current_queue_activity",
    _STATISTICS + "current_queue_activity",
    _TALK + "stats/#show-current-queue-activity",
    columns(
        bigint="agents_online average_wait_time callbacks_waiting calls_waiting"
        " embeddable_callbacks_waiting longest_wait_time",
        timestamp=TAKEN_AT,
    ),
    paging=Paging.OBJECT,
    primary_key=(TAKEN_AT,),
    records_key="current_queue_activity",
)

TALK: tuple[Stream, ...] = (
    TALK_CALLS,
    TALK_CALL_LEGS,
    TALK_PHONE_NUMBERS,
    TALK_LINES,
    TALK_ADDRESSES,
    TALK_GREETINGS,
    TALK_GREETING_CATEGORIES,
    TALK_IVRS,
    TALK_SETTINGS,
    TALK_AGENTS_ACTIVITY,
    TALK_AGENTS_OVERVIEW,
    TALK_ACCOUNT_OVERVIEW,
    TALK_CURRENT_QUEUE_ACTIVITY,
)
