"""Who shops there: names, addresses, consent and each one's own habit."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any, Literal

from msgspec import Struct

from console.demo.catalogue import TEAS, Article

Kind = Literal["once", "regular", "heavy", "lapser", "occasional"]


class Habit(Struct, frozen=True):
    """How one kind of customer buys: `days` between orders (lowest, highest), `share` of all customers in percent."""

    kind: Kind
    share: int
    days: tuple[int, int]
    lines: tuple[int, int]


HABITS: tuple[Habit, ...] = (
    Habit("once", 40, (150, 400), (1, 2)),
    Habit("regular", 30, (9, 28), (1, 3)),
    Habit("heavy", 8, (5, 12), (2, 5)),
    Habit("lapser", 14, (14, 40), (1, 3)),
    Habit("occasional", 8, (55, 110), (1, 3)),
)


class Person(Struct, frozen=True):
    """One customer. `cadence` is the usual number of days between two orders, `lines` the usual lines of an order."""

    id: str
    first_name: str
    last_name: str
    email: str | None
    locale: str
    country: str
    birth_date: str | None
    consent: Literal["granted", "denied"] | None
    kind: Kind
    cadence: float
    lines: tuple[int, int]
    favourites: tuple[Article, ...]

    @property
    def reachable(self) -> bool:
        """Whether a marketing e-mail may and can be sent."""
        return self.email is not None and self.consent == "granted"

    def profile(self) -> dict[str, Any]:
        """The `data` of the profile event of a sign-up; what the customer left blank is absent."""
        data = {
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "locale": self.locale,
            "country": self.country,
            "birth_date": self.birth_date,
        }
        return {name: value for name, value in data.items() if value is not None}

    def birthday_in(self, year: int) -> dt.date | None:
        """The day it is kept in `year` (29 February on the 28th of a common year); None when unknown."""
        if self.birth_date is None:
            return None
        month, day = int(self.birth_date[-5:-3]), int(self.birth_date[-2:])
        common = year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)
        return dt.date(year, month, 28 if (month, day) == (2, 29) and common else day)


def make_person(rng: Random, number: int, year: int) -> Person:
    """Customer `number`; `year` is the current one, so that ages are those of people who buy tea."""
    thai = rng.random() < 0.72
    first, last, roman = _thai_name(rng) if thai else _foreign_name(rng)
    habit = rng.choices(HABITS, [h.share for h in HABITS])[0]
    return Person(
        id=f"c-{number:04d}",
        first_name=first,
        last_name=last,
        email=f"{roman}{number}@example.{rng.choice(('com', 'net', 'org'))}" if rng.random() < 0.97 else None,
        locale="th" if thai else "en",
        country="TH" if thai else rng.choices(_COUNTRIES, _COUNTRY_WEIGHTS)[0],
        birth_date=_birth_date(rng, year),
        consent=rng.choices(("granted", "denied", None), (74, 10, 16))[0],
        kind=habit.kind,
        cadence=rng.uniform(*habit.days),
        lines=habit.lines,
        favourites=tuple(rng.sample(TEAS, rng.randint(2, 4))),
    )


def _birth_date(rng: Random, year: int) -> str | None:
    """A whole date, at times without the year, at times nothing: as people fill in forms."""
    born = dt.date(year - rng.randint(19, 72), 1, 1) + dt.timedelta(days=rng.randrange(365))
    return rng.choices((born.isoformat(), f"--{born:%m-%d}", None), (55, 10, 35))[0]


def _thai_name(rng: Random) -> tuple[str, str, str]:
    first, roman = rng.choice(_THAI_FIRST)
    last, initial = rng.choice(_THAI_LAST)
    return first, last, f"{roman}.{initial}"


def _foreign_name(rng: Random) -> tuple[str, str, str]:
    first, last = rng.choice(_FOREIGN_FIRST), rng.choice(_FOREIGN_LAST)
    return first, last, f"{first.lower()}.{last[0].lower()}"


_COUNTRIES = ("TH", "GB", "US", "SG", "AU", "DE", "FR", "NL")
_COUNTRY_WEIGHTS = (46, 12, 12, 10, 8, 6, 3, 3)

_THAI_FIRST: tuple[tuple[str, str], ...] = (
    ("สมชาย", "somchai"), ("สมหญิง", "somying"), ("ณัฐพล", "nattapon"), ("ณัฐวุฒิ", "nattawut"),
    ("ธนากร", "thanakorn"), ("ธีรพงศ์", "theerapong"), ("กิตติพงษ์", "kittipong"), ("ปิยะ", "piya"),
    ("อนุชา", "anucha"), ("วิชัย", "wichai"), ("ประเสริฐ", "prasert"), ("ศุภชัย", "supachai"),
    ("ชัยวัฒน์", "chaiwat"), ("พงศกร", "pongsakorn"), ("ภูมิ", "phum"), ("กฤษณะ", "kritsana"),
    ("สุภาพร", "supaporn"), ("วราภรณ์", "waraporn"), ("กนกวรรณ", "kanokwan"), ("พิมพ์ชนก", "pimchanok"),
    ("นภัสสร", "napatsorn"), ("อรทัย", "orathai"), ("มาลี", "malee"), ("ดวงใจ", "duangjai"),
    ("จิราพร", "jiraporn"), ("รัตนา", "rattana"), ("ปวีณา", "paweena"), ("สิริกัญญา", "sirikanya"),
    ("ชลธิชา", "chonticha"), ("เบญจมาศ", "benjamas"), ("ขวัญใจ", "khwanjai"), ("อารียา", "areeya"),
)  # fmt: skip
_THAI_LAST: tuple[tuple[str, str], ...] = (
    ("ใจดี", "j"), ("สุขใจ", "s"), ("แสงทอง", "s"), ("ทองดี", "t"), ("ศรีสุข", "s"), ("วงศ์สวัสดิ์", "w"),
    ("บุญมี", "b"), ("รักไทย", "r"), ("พงษ์พันธ์", "p"), ("จันทร์เพ็ญ", "c"), ("มณีวงศ์", "m"), ("สายชล", "s"),
    ("เรืองศรี", "r"), ("ชูชัย", "c"), ("ดำรงค์", "d"), ("อินทร์แก้ว", "i"), ("นาคสุข", "n"), ("กาญจนา", "k"),
    ("ปัญญาดี", "p"), ("เพชรรัตน์", "p"), ("ไชยวงศ์", "c"), ("คงเจริญ", "k"),
)  # fmt: skip
_FOREIGN_FIRST = (
    "Anna", "James", "Emily", "Lukas", "Sophie", "Oliver", "Mei", "Daniel", "Hannah", "Thomas", "Claire", "Ben",
    "Laura", "Rajesh", "Priya", "Marco", "Ingrid", "Peter", "Grace", "Wei",
)  # fmt: skip
_FOREIGN_LAST = (
    "Miller", "Taylor", "Schmidt", "Tan", "Lim", "Brown", "Dubois", "Jansen", "Patel", "Wright", "Rossi", "Nielsen",
    "Cooper", "Murphy", "Lee", "Bauer",
)  # fmt: skip
