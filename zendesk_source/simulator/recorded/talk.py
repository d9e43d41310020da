"""An example row of every stream of Talk: recorded, or from the reference."""

from __future__ import annotations

from collections.abc import Mapping

from zendesk_source.simulator.store import Row

_MOMENT = "2024-11-19T16:57:27Z"

_COUNTERS = (
    "average_call_duration average_callback_wait_time average_hold_time average_queue_wait_time"
    " average_time_to_answer average_wrap_up_time max_calls_waiting max_queue_wait_time"
    " total_call_duration total_callback_calls total_calls total_calls_abandoned_in_queue"
    " total_calls_outside_business_hours total_calls_with_exceeded_queue_wait_time"
    " total_calls_with_requested_voicemail total_embeddable_callback_calls total_hold_time"
    " total_inbound_calls total_outbound_calls total_textback_requests total_voicemails"
    " total_wrap_up_time"
)
_AGENT_COUNTERS = (
    "accepted_transfers available_time average_hold_time average_talk_time average_wrap_up_time"
    " away_time calls_accepted calls_denied calls_missed calls_put_on_hold online_time"
    " started_transfers total_call_duration total_hold_time total_talk_time total_wrap_up_time"
    " transfers_only_time"
)
_OVERVIEW_COUNTERS = (
    "average_accepted_transfers average_available_time average_away_time average_calls_accepted"
    " average_calls_denied average_calls_missed average_hold_time average_online_time"
    " average_talk_time average_wrap_up_time total_accepted_transfers total_calls_accepted"
    " total_calls_denied total_calls_missed total_hold_time total_started_transfers"
    " total_talk_time total_wrap_up_time"
)

TALK_EXAMPLES: Mapping[str, Row] = {
    "talk_phone_numbers": {
        "id": 1,
        "number": "+15550100123",
        "display_number": "+1 (555) 010-0123",
        "name": "+1 (555) 010-0123",
        "nickname": "Awesome line",
        "country_code": "US",
        "location": "CA",
        "toll_free": False,
        "capabilities": {"sms": True, "mms": False, "voice": True, "emergency_address": False},
        "created_at": _MOMENT,
        "default_group_id": 1,
        "group_ids": [1],
        "recorded": False,
        "transcription": False,
        "greeting_ids": [],
        "default_greeting_ids": ["voicemail_en", "available_en"],
        "line_type": "phone",
        "brand_id": 1,
        "ivr_id": None,
        "priority": 0,
        "outbound_enabled": True,
        "voice_enabled": True,
        "external": False,
    },
    "talk_calls": {
        "agent_id": None,
        "call_channel": "phone",
        "call_charge": "0.062",
        "call_group_id": None,
        "call_recording_consent": "always",
        "call_recording_consent_action": None,
        "call_recording_consent_keypress": None,
        "callback": False,
        "callback_source": None,
        "completion_status": "completed",
        "consultation_time": 0,
        "copilot_suggestions_generated_successful": None,
        "copilot_suggestions_generated_total": None,
        "created_at": _MOMENT,
        "customer_id": 32274730131988,
        "customer_requested_voicemail": False,
        "default_group": False,
        "direction": "inbound",
        "duration": 29,
        "exceeded_queue_wait_time": False,
        "hold_time": 0,
        "id": 1,
        "ivr_action": None,
        "ivr_destination_group_name": None,
        "ivr_hops": None,
        "ivr_routed_to": None,
        "ivr_time_spent": None,
        "line": "+15550100123",
        "line_id": 28835744176276,
        "line_type": "phone",
        "minutes_billed": 1,
        "not_recording_time": 0,
        "outside_business_hours": False,
        "overflowed": False,
        "overflowed_to": None,
        "phone_number": "+15550100123",
        "phone_number_id": 28835744176276,
        "post_call_summary": None,
        "post_call_summary_created": None,
        "post_call_transcription": None,
        "post_call_transcription_created": None,
        "quality_issues": ["none"],
        "real_time_transcription": None,
        "recording_control_interactions": 0,
        "recording_time": 0,
        "talk_time": 0,
        "ticket_id": 32,
        "time_to_answer": None,
        "transcription_language": None,
        "updated_at": _MOMENT,
        "voicemail": True,
        "wait_time": 0,
        "wrap_up_time": 0,
    },
    "talk_call_legs": {
        "agent_id": 0,
        "available_via": None,
        "call_charge": "0.059",
        "call_id": 32274723903636,
        "completion_status": "completed",
        "conference_from": None,
        "conference_time": None,
        "conference_to": None,
        "consultation_from": None,
        "consultation_time": None,
        "consultation_to": None,
        "created_at": _MOMENT,
        "duration": 14,
        "forwarded_to": None,
        "hold_time": 0,
        "id": 1,
        "minutes_billed": 1,
        "quality_issues": ["none"],
        "talk_time": 0,
        "transferred_from": None,
        "transferred_to": None,
        "type": "customer",
        "updated_at": _MOMENT,
        "user_id": 32274730131988,
        "wrap_up_time": None,
    },
    "talk_lines": {
        "id": 1,
        "line_id": "1",
        "line_type": "digital",
        "nickname": "Web widget",
        "brand_id": 1,
        "default_group_id": 1,
        "group_ids": [1],
        "greeting_ids": [],
        "priority": 0,
        "recorded": False,
        "created_at": _MOMENT,
    },
    "talk_addresses": {
        "id": 1,
        "name": "Head office",
        "street": "1019 Market St",
        "city": "San Francisco",
        "state": None,
        "province": "California",
        "zip": "94103",
        "country_code": "US",
        "provider_reference": "ADa8e6d6c8f4",
    },
    "talk_greeting_categories": {"id": 1, "name": "voicemail"},
    "talk_greetings": {
        "id": "1",
        "name": "Please leave a message",
        "category_id": 1,
        "default": False,
        "default_lang": False,
        "active": True,
        "pending": False,
        "audio_name": "leave_a_message.mp3",
        "audio_url": "https://example.zendesk.com/greetings/1.mp3",
        "upload_id": 2,
        "has_sub_settings": False,
        "phone_number_ids": [],
        "ivr_ids": [],
    },
    "talk_ivrs": {
        "id": 1,
        "name": "Menu",
        "menus": [
            {
                "id": 10002,
                "name": "Main Menu",
                "default": True,
                "greeting_id": None,
                "routes": [{"id": 10004, "keypress": "1", "action": "group", "options": {}}],
            }
        ],
        "phone_number_ids": [1],
        "phone_number_names": ["+1 (555) 010-0123"],
    },
    "talk_settings": {
        "agent_confirmation_when_forwarding": True,
        "agent_wrap_up_after_calls": 0,
        "max_queue_size": 5,
        "max_queue_wait_time": 1,
        "only_during_business_hours": False,
        "recordings_public": True,
        "voice": True,
    },
    "talk_agents_activity": {
        "agent_id": 1,
        "name": "Tedd",
        "avatar_url": "https://example.zendesk.com/avatar.png",
        "status": "available",
        "agent_state": "online",
        "call_status": None,
        "via": "client",
        "forwarding_number": None,
        **dict.fromkeys(_AGENT_COUNTERS.split(), 7),
    },
    "talk_agents_overview": dict.fromkeys(_OVERVIEW_COUNTERS.split(), 3),
    "talk_account_overview": dict.fromkeys(_COUNTERS.split(), 5),
    "talk_current_queue_activity": {
        "agents_online": 2,
        "calls_waiting": 1,
        "callbacks_waiting": 0,
        "embeddable_callbacks_waiting": 0,
        "average_wait_time": 15,
        "longest_wait_time": 31,
    },
}
