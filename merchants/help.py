"""What the help page says about a merchant's team, its profile and how people sign in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from lib.formats import together
from lib.help import Book, Entry, FirstStep, Topic, always
from merchants.models import Merchant, Profile

PEOPLE = Topic("people", _("Your team and signing in"), 60)


@dataclass(frozen=True)
class People:
    """What the answers need of a merchant's team and profile; read at once."""

    profile: Profile | None
    count: int  # of the team

    @classmethod
    def of(cls, merchant: Merchant, today: date) -> "People":
        """What the answers need of this merchant, read anew: its profile, and how many people it
        has. The day does not matter.
        """
        counted = Merchant.objects.select_related("profile").annotate(count=Count("memberships"))
        found = counted.get(pk=merchant.pk)
        return cls(getattr(found, "profile", None), found.count)


def _confirmed(people: People) -> str:
    """Return the answer to what it means that a merchant's profile is confirmed, and
    whether this one is. A merchant without a profile, or with only a part of it confirmed,
    reads that it is not confirmed yet. `people` has the profile.
    """
    why = gettext(
        "Our team compares licence and contacts with what you sent. What is confirmed counts in"
        " the review of your limit; whatever you change is confirmed anew."
    )
    if people.profile is not None and people.profile.is_confirmed:
        return together(gettext("Yours is confirmed."), why)
    return together(gettext("Yours is not confirmed yet."), why)


def _team(people: People) -> str:
    """The answer to what each role may do, and how many people the team has."""
    count = ngettext(
        "%(count)s person belongs to your team now.",
        "%(count)s people belong to your team now.",
        people.count,
    )
    roles = gettext(
        "Owners do everything, finance looks, exports, pays, withdraws and asks, viewers only look."
        " Owners invite people and change roles."
    )
    return together(roles, count % {"count": people.count})


def _has_profile(people: People) -> bool:
    """Whether something is filled in in both parts of the profile."""
    profile = people.profile
    return bool(profile and profile.licence_standing and profile.contacts_standing)


ENTRIES: Sequence[Entry[People]] = (
    Entry(
        anchor="roles",
        topic=PEOPLE,
        question=_("Who of my team may do what?"),
        answer=_team,
        pages=("merchant:team",),
        words="account management; staff; roles; 账户管理; 子账号; 权限; บทบาท; สิทธิ์",
    ),
    Entry(
        anchor="codes",
        topic=PEOPLE,
        question=_("Why am I asked for a code?"),
        answer=always(
            _(
                "Withdrawals, destinations, payment methods and roles ask for a second factor, so"
                " that a stolen password is not enough. Set up an app or a passkey once."
            )
        ),
        pages=("mfa_index",),
        words="2fa; verification; 验证码; 两步验证; รหัสยืนยัน",
    ),
    Entry(
        anchor="profile",
        topic=PEOPLE,
        question=_("Why should my profile be confirmed?"),
        answer=_confirmed,
        pages=("merchant:profile",),
        words="licence; verification; 店铺资料; 认证; 营业执照; ยืนยันร้านค้า; ใบอนุญาต",
    ),
    Entry(
        anchor="mails",
        topic=PEOPLE,
        question=_("Which e-mails do I get?"),
        answer=always(
            _(
                "You choose for yourself which notices come by e-mail. All of them are under"
                " Notices, and what concerns safety is always mailed to owners."
            )
        ),
        pages=("merchant:notifications", "merchant:notices"),
        words="notifications; 邮件; 通知; อีเมล; แจ้งเตือน",
    ),
)

STEPS: Sequence[FirstStep[People]] = (
    FirstStep(
        place=10,
        title=_("Fill in your profile"),
        why=_("A confirmed licence and contacts raise your limit at the next review."),
        page="merchant:profile",
        is_done=_has_profile,
    ),
    FirstStep(
        place=40,
        title=_("Invite your team"),
        why=_("Everybody signs in by themselves, and does only what their role may."),
        page="merchant:team",
        is_done=lambda people: people.count > 1,
    ),
)

BOOK = Book(place=10, about=People.of, entries=ENTRIES, steps=STEPS)
