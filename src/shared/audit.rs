//! The words of the audit log that the program itself says; those of rows that changed stand in the triggers that write them.

text_enum! {
    /// What was done.
    Act {
        Created = "created",
        Changed = "changed",
        Deleted = "deleted",
        Restored = "restored",
        Revoked = "revoked",
        Accepted = "accepted",
        SignedIn = "signed_in",
        SignedOut = "signed_out",
        SessionsEnded = "sessions_ended",
        PasswordChanged = "password_changed",
        PasswordReset = "password_reset",
        EmailChanged = "email_changed",
        SecondFactorOn = "second_factor_on",
        SecondFactorOff = "second_factor_off",
        CodesDrawn = "codes_drawn",
        ViewedAs = "viewed_as",
        ViewEnded = "view_ended",
        Exported = "exported",
        Heard = "heard",
        Controlled = "controlled",
        Started = "started",
        Replayed = "replayed",
        GoogleConnected = "google_connected",
        GoogleDisconnected = "google_disconnected",
    }
}

text_enum! {
    /// What it was done to.
    Object {
        Organisation = "organisation",
        Member = "member",
        Role = "role",
        Invitation = "invitation",
        Key = "key",
        Team = "team",
        TeamMember = "team_member",
        WorkRule = "work_rule",
        Webhook = "webhook",
        Assistant = "assistant",
        Version = "version",
        Number = "number",
        Provider = "provider",
        Carrier = "carrier",
        Answer = "answer",
        Reception = "reception",
        Person = "person",
        Tool = "tool",
        Caller = "caller",
        Rehearsal = "rehearsal",
        RehearsalRule = "rehearsal_rule",
        Retention = "retention",
        SignInRules = "sign_in_rules",
        MailDomain = "mail_domain",
        Account = "account",
        Calls = "calls",
        Call = "call",
        Recording = "recording",
        Audit = "audit",
        Delivery = "delivery",
    }
}
