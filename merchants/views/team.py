"""The pages of a merchant's team."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lib import clock, paging
from lib.refusals import Refused, sentence_of
from merchants import queries
from merchants.access import MemberRequest, for_members, for_owners
from merchants.forms import InvitationForm, MemberRole
from merchants.models import Membership
from merchants.operations import inviting
from merchants.operations import team as operations
from merchants.second_factor import with_second_factor


@for_members
def team(request: MemberRequest) -> HttpResponse:
    """The page with the list of the team and of the invitations that can still be accepted. Owners
    see there, too, when each person signed in last and whether they have a second factor.
    """
    merchant = request.membership.merchant
    members = queries.with_second_factor(queries.members(merchant))
    context = {
        "page": paging.page(members, by="id", params=request.GET),
        "invitations": queries.open_invitations(merchant, clock.now()),
    }
    return render(request, "merchants/team.html", context)


def _only_looks(request: HttpRequest) -> bool:
    """Whether the request only reads, as it is no POST: then `with_second_factor` asks for none."""
    return request.method != "POST"


def _gives_no_money(request: HttpRequest) -> bool:
    """Whether the request is no POST, or invites a VIEWER, who may not act with money: then
    `with_second_factor` asks for none.
    """
    return request.method != "POST" or request.POST.get("role") == Membership.Role.VIEWER


@for_owners
@with_second_factor(unless=_gives_no_money)
def invite(request: MemberRequest) -> HttpResponse:
    # After a detour to confirm a second factor the form's values come back in the address, its key
    # included, so that the form still makes one invitation.
    """The form that invites somebody to the team. A valid submission invites them by an
    e-mail, with a trail row, and leads back to the team; a refusal is said in the form. If
    the mail could not be sent, the invitation is kept all the same, and the team's page
    says so. Owners may; a submission takes a second factor unless a viewer is invited. The
    form begins with values from the address, which a detour for the second factor brings
    back.
    """
    carried = {name: request.GET[name] for name in InvitationForm.base_fields & request.GET.keys()}
    initial = {"role": Membership.Role.VIEWER} | carried
    form = InvitationForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            inviting.invite(
                merchant_id=request.membership.merchant_id,
                actor=request.user,
                now=clock.now(),
                **form.cleaned_data,
            )
        except inviting.InvitationNotSent as refusal:  # but it is there
            messages.warning(request, sentence_of(refusal))
            return _back(request)
        except Refused as refusal:
            form.add_error("email", sentence_of(refusal))
        else:
            sent = _("%(email)s is invited: we have sent a link.") % form.cleaned_data
            messages.success(request, sent)
            return _back(request)
    return render(request, "merchants/invite.html", {"form": form})


@for_owners
@with_second_factor(back="merchant:team")
@require_POST
def send_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Send an open invitation again, also one that has expired, with a new link and a trail row,
    and lead back to the team, where a refusal is said. Only a POST is taken; owners may, with a
    second factor.
    """
    try:
        inviting.send_again(
            merchant_id=request.membership.merchant_id,
            actor=request.user,
            invitation_id=pk,
            now=clock.now(),
        )
    except Refused as refusal:
        messages.warning(request, sentence_of(refusal))
    else:
        messages.success(request, _("We have sent a new link; the one before is void."))
    return _back(request)


@for_owners
@require_POST
def revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Revoke an open invitation, also one that has expired, with a trail row, and lead back to the
    team, where a refusal is said. Only a POST is taken; owners may.
    """
    try:
        inviting.revoke(
            merchant_id=request.membership.merchant_id,
            actor=request.user,
            invitation_id=pk,
            now=clock.now(),
        )
    except Refused as refusal:
        messages.warning(request, sentence_of(refusal))
    else:
        messages.success(request, _("The invitation is revoked: its link is void."))
    return _back(request)


@for_owners
@with_second_factor(unless=_only_looks)
def member(request: MemberRequest, pk: int) -> HttpResponse:
    """The page of one member of the team, on which an owner changes their role. A submission
    changes it, with a trail row and an e-mail to the owners, and leads back to the team; it takes a
    second factor. Another member than the owner who does it is signed out by it, and the open
    invitations of a former owner are revoked. A refusal is said in the form, also that somebody
    else has changed the role since the form was shown. Raises Http404 if the merchant has no
    membership with the key `pk`.
    """
    membership = queries.members(request.membership.merchant).filter(pk=pk).first()
    if membership is None:
        raise Http404("the merchant has no such member")
    # From where a second factor was asked for, both come back.
    carried = {name: request.GET.get(name, membership.role) for name in ("role", "seen")}
    form = MemberRole(request.POST or None, initial=carried)
    if form.is_valid():
        try:
            operations.change_role(
                merchant_id=membership.merchant_id,
                actor=request.user,
                membership_id=pk,
                role=form.cleaned_data["role"],
                seen=form.cleaned_data["seen"] or None,
                now=clock.now(),
            )
        except operations.RoleChanged as refusal:
            membership.refresh_from_db(fields=["role"])
            form.add_error("role", sentence_of(refusal))
            form.data = dict(form.data.items()) | {"seen": membership.role}
        except Refused as refusal:
            form.add_error("role", sentence_of(refusal))
        else:
            messages.success(request, _("The new role is in force from now on."))
            return _back(request)
    return render(request, "merchants/member.html", {"form": form, "member": membership})


@for_owners
@with_second_factor(back="merchant:team")
@require_POST
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a member from the team, with a trail row and an e-mail to the owners, and lead back to
    it. Only a POST is taken; owners may, with a second factor. The member is signed out, and the
    open invitations that a former owner sent are revoked. Owners who remove themselves stay signed
    in, and are led to the list of their merchants. A refusal is said on the team's page.
    """
    try:
        membership = operations.remove(
            merchant_id=request.membership.merchant_id,
            actor=request.user,
            membership_id=pk,
            now=clock.now(),
        )
    except Refused as refusal:
        messages.warning(request, sentence_of(refusal))
        return _back(request)
    removed = _("%(email)s is not on the team any more.") % {"email": membership.user}
    messages.success(request, removed)
    return redirect("merchants:home") if membership.user == request.user else _back(request)


@for_owners
@with_second_factor(unless=_only_looks, back="merchant:security")
def security(request: MemberRequest) -> HttpResponse:
    """The page on which owners set whether members need a second factor, with those who have none;
    a submission sets it, with a trail row and an e-mail to the owners, and leads back to the team,
    where a refusal is said. It takes a second factor.
    """
    merchant = request.membership.merchant
    if request.method == "POST":
        wanted = request.POST.get("required") == "yes"
        try:
            operations.require_second_factor(
                merchant_id=merchant.pk, actor=request.user, wanted=wanted, now=clock.now()
            )
        except Refused as refusal:
            messages.warning(request, sentence_of(refusal))
        else:
            said = (
                _("From now on, members need a second factor.")
                if wanted
                else _("Members need no second factor any more.")
            )
            messages.success(request, said)
        return _back(request)
    context = {
        "is_required": merchant.requires_second_factor,
        "page": paging.page(queries.members_without_factor(merchant), by="id", params=request.GET),
    }
    return render(request, "merchants/security.html", context)


def _back(request: MemberRequest) -> HttpResponse:
    """Redirect to the page of the team."""
    return redirect("merchant:team", merchant=request.membership.merchant.reference)
