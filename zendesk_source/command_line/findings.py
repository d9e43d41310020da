"""What a check found, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from zendesk_source.preflight.check import CheckReport, StreamCheck, clock_text
from zendesk_source.settings.missing import KINDS

# Requests a minute of the Support API, by plan:
# https://developer.zendesk.com/api-reference/introduction/rate-limits/
_PLANS = {
    200: "Team",
    400: "Growth or Professional",
    700: "Enterprise",
    2500: "Enterprise Plus, or the High Volume add-on",
}


def facts_of(report: CheckReport) -> dict[str, str]:
    """Return the lines that people read: a name, and what was found; empty ones are left out."""
    user, skew, ends = report.user, report.clock_skew_seconds, report.credentials_end
    role = user.role if user else "unknown: the token may not ask"
    is_open = [name for name, one in report.streams.items() if one.status == "open"]
    products = (f"{name} {status}" for name, status in report.other_products.items())
    facts = {
        "account": f"{report.account} ({report.base_url})",
        "log-in": KINDS[report.credentials][0] + (f", until {ends:%d %B %Y}" if ends else ""),
        "user": f"{user.id}, {role}" if user else role,
        "clock": "unknown" if skew is None else clock_text(skew),
        "rate limits": _rate_limits(report.rate_limits, report.rate_limit_share),
        "destination": report.destination,
        "streams": f"{len(is_open)} of {len(report.streams)} open",
        "not asked": _not_asked(report.streams),
        "help centers": _help_centers(report),
        "other products": ", ".join(products),
    }
    return {name: text for name, text in facts.items() if text}


def as_document(report: CheckReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    user, ends = report.user, report.credentials_end
    limits = report.rate_limits.items()
    return {
        "account": report.account,
        "base_url": report.base_url,
        "credentials": report.credentials,
        "credentials_end": ends and ends.isoformat(),
        "user": {"id": user.id, "role": user.role} if user else None,
        "clock_skew_seconds": report.clock_skew_seconds,
        "rate_limits": {name: {"requests": n, "seconds": each} for name, (n, each) in limits},
        "destination": report.destination,
        "streams": {name: asdict(one) for name, one in report.streams.items()},
        "other_products": dict(report.other_products),
        "help_centers": list(report.help_centers),
        "warnings": list(report.warnings),
    }


def _not_asked(streams: Mapping[str, StreamCheck]) -> str:
    """Return the streams that were not asked, by the reason."""
    names: dict[str, list[str]] = {}
    for name, one in streams.items():
        if one.status == "not asked":
            names.setdefault(one.reason, []).append(name)
    return " ".join(f"{', '.join(each)}: {reason}" for reason, each in names.items())


def _help_centers(report: CheckReport) -> str:
    if report.help_centers_doubt:
        why = report.help_centers_doubt
        return f"only the account's own, as the brands are not known: {why}"
    found = report.help_centers
    left = ", ".join(f"{name} cannot be asked" for name in report.unread_help_centers)
    return "; ".join(filter(None, [f"{len(found)}: {', '.join(found)}" if found else "0", left]))


def _rate_limits(limits: Mapping[str, tuple[int, float]], share: float) -> str:
    if "account" not in limits:
        return "unknown: no answer named one"
    size, _ = limits["account"]
    plan = f" ({_PLANS[size]})" if size in _PLANS else ""
    text = f"{size} requests a minute{plan}, {int(size * share)} of them for us"
    exports = limits.get("incremental-exports")
    return text + (f"; {exports[0]} exports a minute" if exports else "")
