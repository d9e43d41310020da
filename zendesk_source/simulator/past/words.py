"""Invented names and texts for generated accounts; everything lives at example.com."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")

FIRST_NAMES = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Eşref", "Fumiko", "Gaël", "Hana", "Ines", "Jörg",
    "Kofi", "Léa", "Mateo", "Nadia", "Óscar", "Priya", "Quentin", "Ruth", "Søren", "Tomoko",
    "Ulla", "Viktor", "Wanjiru", "Xénia", "Yusuf", "Zoë", "小春", "Łukasz",
)  # fmt: skip
LAST_NAMES = (
    "Abernarth", "Bellweath", "Cinderholm", "Dovrefjeld", "Eskelund", "Fairmoor", "Grönvall",
    "Hollowell", "Ivarsen", "Jutterström", "Kestrelby", "Lindqvaag", "Moorgate", "Nørrevang",
    "Oakhaven", "Pellworth", "Quillfeather", "Rivermead", "Šafránek", "Thornbury", "Ünalan",
    "Vestergrad", "Windermoor", "Yarrowby", "Zelenka",
)  # fmt: skip
COMPANY_STARTS = (
    "Alder", "Brisk", "Cobalt", "Dune", "Ember", "Fjord", "Gilt", "Harbor", "Indigo", "Juniper",
    "Kelp", "Lumen", "Mossy", "North", "Onyx", "Pine", "Quartz", "Raven", "Silt", "Tidal",
)  # fmt: skip
COMPANY_ENDS = ("works", "line", "forge", "field", "craft", "gate", "loom", "yard", "stead", "mill")
COMPANY_FORMS = ("GmbH", "Ltd", "SARL", "Inc", "AB", "株式会社", "Kft")

PRODUCTS = ("kettle", "lamp", "router", "backpack", "invoice app", "heater", "bicycle", "camera")
TROUBLES = (
    ("arrived broken", "delivery"),
    ("does not switch on", "defect"),
    ("was charged twice", "billing"),
    ("cannot be exported to PDF", "export"),
    ("shows error E-17", "defect"),
    ("should be returned", "returns"),
    ("lost its settings after the update 😟", "update"),
    ("has the wrong address on the label", "delivery"),
)
OPENINGS = (
    "Hello,",
    "Hi team,",
    "Guten Tag,",
    "こんにちは、",
    "Bonjour,",
    "To whom it may concern,",
)
REPLIES = (
    "Thank you for writing. Could you send us the order number?",
    "We have looked into it and sent a replacement today.",
    "Please restart the device and tell us what the display shows.",
    "The amount has been refunded; it takes two to three days to appear.",
    "I have passed this on to our workshop and will be back tomorrow.",
)
ANSWERS = (
    "Thanks, the number is on the photo I attached.",
    "It works again, merci beaucoup!",
    "I tried that, nothing changed.",
    "Any news? It has been a few days now.",
)
NOTES = ("Customer called, sounded calm.", "Same defect as last week.", "Refund approved by Ruth.")
TAGS = ("vip", "urgent_customer", "newsletter", "beta", "refund", "follow_up", "shop", "warranty")
CHANNELS = ("email", "web", "api", "chat", "voice", "native_messaging")
CHANNELS_UP_TO = (46, 74, 82, 89, 95, 100)
GROUP_NAMES = ("Support", "Billing", "Workshop", "Returns", "Second Line")


def pick(rng: Random, choices: Sequence[Choice]) -> Choice:
    """Return a random item. This is faster than ``rng.choice``, and used a dozen times a ticket."""
    return choices[int(rng.random() * len(choices))]


def person_name(rng: Random) -> str:
    """Return the name of an invented person."""
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def company_name(rng: Random) -> str:
    """Return the name of an invented company."""
    start, end = rng.choice(COMPANY_STARTS), rng.choice(COMPANY_ENDS)
    return f"{start}{end} {rng.choice(COMPANY_FORMS)}"


def complaint(rng: Random) -> tuple[str, str, str]:
    """Return the subject, the text and the tag of a customer's trouble."""
    product, (trouble, tag) = pick(rng, PRODUCTS), pick(rng, TROUBLES)
    days, order = 2 + int(89 * rng.random()), 10_000 + int(90_000 * rng.random())
    text = (
        f"{pick(rng, OPENINGS)}\n\nmy {product} {trouble}. I bought it {days} days ago, "
        f"order {order}. What should I do?\n\nKind regards"
    )
    return f"My {product} {trouble}", text, tag
