"""The trail's actions about people, sign-ins, profiles, proposals and the installation."""

from django.db.models import TextChoices


class Action(TextChoices):
    # Merchants
    MERCHANT_ADDED = "MERCHANT_ADDED", "Merchant added"
    MERCHANT_MOVED = "MERCHANT_MOVED", "Merchant's books moved to another cell"
    MERCHANT_CHANGED = "MERCHANT_CHANGED", "Merchant's name or language changed"
    YEARS_CHOSEN = "YEARS_CHOSEN", "Years on Thai documents chosen"

    # People
    PROFILE_CHANGED = "PROFILE_CHANGED", "Profile changed"
    PROFILE_CONFIRMED = "PROFILE_CONFIRMED", "Profile confirmed"
    PROFILE_REJECTED = "PROFILE_REJECTED", "Profile rejected"
    LICENCE_DOWNLOADED = "LICENCE_DOWNLOADED", "Licence document downloaded"
    MEMBER_INVITED = "MEMBER_INVITED", "Member invited"
    INVITATION_REVOKED = "INVITATION_REVOKED", "Invitation revoked"
    ROLE_GIVEN = "ROLE_GIVEN", "Role given"
    ROLE_CHANGED = "ROLE_CHANGED", "Role changed"
    ROLE_TAKEN = "ROLE_TAKEN", "Role taken away"
    OPERATOR_ADDED = "OPERATOR_ADDED", "Operator added"
    OPERATOR_WRITTEN_TO = "OPERATOR_WRITTEN_TO", "Operator written to again"
    OPERATOR_ROLES_CHANGED = "OPERATOR_ROLES_CHANGED", "Operator's roles changed"
    PERSON_DEACTIVATED = "PERSON_DEACTIVATED", "Person deactivated"
    PERSON_REACTIVATED = "PERSON_REACTIVATED", "Person reactivated"
    SECOND_FACTORS_TAKEN = "SECOND_FACTORS_TAKEN", "Second factors taken away"
    SESSIONS_ENDED = "SESSIONS_ENDED", "Sessions ended"
    FACTOR_REQUIRED = "FACTOR_REQUIRED", "Second factor of members decided"

    PERSON_DATA_TAKEN = "PERSON_DATA_TAKEN", "Person's data taken"
    PERSON_ERASED = "PERSON_ERASED", "Person erased"

    # Sign-ins: what people change of their own, and what happens to them
    FACTOR_ADDED = "FACTOR_ADDED", "Second factor added"
    FACTOR_REMOVED = "FACTOR_REMOVED", "Second factor removed"
    CODES_MADE = "CODES_MADE", "Recovery codes made"
    CODES_SEEN = "CODES_SEEN", "Recovery codes looked at"
    CODE_USED = "CODE_USED", "Recovery code used"
    PASSWORD_CHANGED = "PASSWORD_CHANGED", "Password changed"
    ADDRESS_ASKED = "ADDRESS_ASKED", "New address asked for"
    ADDRESS_CHANGED = "ADDRESS_CHANGED", "Address changed"
    NEW_BROWSER = "NEW_BROWSER", "Sign-in from an unknown browser"
    LOCKED_OUT = "LOCKED_OUT", "Address locked"

    # Proposals
    PROPOSED = "PROPOSED", "Proposed to a second person"
    PROPOSAL_CONFIRMED = "PROPOSAL_CONFIRMED", "Proposal confirmed"
    PROPOSAL_REFUSED = "PROPOSAL_REFUSED", "Proposal refused"
    PROPOSAL_WITHDRAWN = "PROPOSAL_WITHDRAWN", "Proposal withdrawn"

    PAGES_LOOKED_AT = "PAGES_LOOKED_AT", "Merchant's pages looked at"
    LOOK_ENDED = "LOOK_ENDED", "Look at a merchant's pages ended"
    FILE_TAKEN = "FILE_TAKEN", "File of a merchant taken"
    NOTE_WRITTEN = "NOTE_WRITTEN", "Note for colleagues written"

    # How far one operator goes alone
    OPERATOR_POLICY_INTRODUCED = "OPERATOR_POLICY_INTRODUCED", "Operator policy introduced"
    OPERATOR_POLICY_WITHDRAWN = "OPERATOR_POLICY_WITHDRAWN", "Operator policy withdrawn"

    # The installation
    KEY_ROTATED = "KEY_ROTATED", "Encrypted anew with another key"
    PREFIX_SET = "PREFIX_SET", "Installation's prefix set"
