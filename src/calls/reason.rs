//! Why a call ended: the provider's open list of some 600 words, read by rules, never by a closed enum.
//! Source: protocols sheet "voice", 2.3 (evaluated top-down, first match wins).

use super::model::Outcome;

text_enum! {
    /// Why a call ended, in as many kinds as people need words for.
    EndClass {
        Voicemail = "voicemail",
        Busy = "busy",
        NoAnswer = "no_answer",
        BadNumber = "bad_number",
        Transferred = "transferred",
        OperatorUnavailable = "operator_unavailable",
        TransferFailed = "transfer_failed",
        CallerEnded = "caller_ended",
        AssistantEnded = "assistant_ended",
        TooLong = "too_long",
        Silence = "silence",
        Finished = "finished",
        Cancelled = "cancelled",
        NoLineFree = "no_line_free",
        Billing = "billing",
        NumberLimit = "number_limit",
        Configuration = "configuration",
        Telephony = "telephony",
        ProviderTrouble = "provider_trouble",
        VoiceTrouble = "voice_trouble",
        NoAudio = "no_audio",
        Lost = "lost",
        Refused = "refused",
        Unconfirmed = "unconfirmed",
        Unknown = "unknown",
    }
}

impl EndClass {
    /// The ring and word of the call list.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Voicemail => Outcome::Voicemail,
            Self::Busy | Self::NoAnswer => Outcome::Missed,
            Self::Transferred => Outcome::Moved,
            Self::CallerEnded | Self::AssistantEnded | Self::TooLong | Self::Silence | Self::Finished => Outcome::Done,
            Self::OperatorUnavailable | Self::TransferFailed => Outcome::Done,
            Self::Cancelled => Outcome::Cancelled,
            Self::NoAudio | Self::Lost => Outcome::Missed,
            _ => Outcome::Failed,
        }
    }
}

/// Whether the word is the provider's; ours are for want of one, and not for people.
pub fn is_the_provider_s(reason: &str) -> bool {
    !reason.is_empty() && !reason.starts_with("zencall-")
}

/// Reads the provider's `endedReason`.
pub fn classify(reason: &str) -> EndClass {
    use EndClass::*;
    let has = |part: &str| reason.contains(part);
    let starts = |part: &str| reason.starts_with(part);
    match reason {
        "voicemail" => Voicemail,
        "customer-busy" => Busy,
        "customer-did-not-answer" => NoAnswer,
        _ if has("outbound-sip-408") || has("outbound-sip-480") => NoAnswer,
        "twilio-reported-customer-misdialed" | "vonage-rejected" => BadNumber,
        "assistant-forwarded-call"
        | "call.ringing.hook-executed-transfer"
        | "call.ending.hook-executed-transfer"
        | "assistant-request-returned-forwarding-phone-number" => Transferred,
        "call.forwarding.operator-busy" | "call.forwarding.no-answer" => OperatorUnavailable,
        "call.in-progress.error-transfer-failed"
        | "customer-ended-call-before-warm-transfer"
        | "customer-ended-call-after-warm-transfer-attempt"
        | "customer-ended-call-during-transfer" => TransferFailed,
        _ if starts("call.in-progress.error-warm-transfer-") => TransferFailed,
        "customer-ended-call" => CallerEnded,
        "assistant-ended-call"
        | "assistant-ended-call-after-message-spoken"
        | "assistant-ended-call-with-hangup-task"
        | "assistant-said-end-call-phrase" => AssistantEnded,
        "exceeded-max-duration" => TooLong,
        "silence-timed-out" => Silence,
        "call.in-progress.twilio-completed-call"
        | "call.in-progress.sip-completed-call"
        | "vonage-completed"
        | "call.ringing.hook-executed-say"
        | "call.ending.hook-executed-say" => Finished,
        "manually-canceled" | "scheduled-call-deleted" | "call-deleted" => Cancelled,
        "zencall-lost" => Lost,
        "zencall-refused" => Refused,
        "zencall-unconfirmed" => Unconfirmed,
        "call.start.error-subscription-concurrency-limit-reached" => NoLineFree,
        _ if starts("call.start.error-subscription-") || has("error-fraud-check-failed") || has("-enterprise-feature-") => Billing,
        "call.start.error-vapi-number-international" | "call.start.error-vapi-number-outbound-daily-limit" => NumberLimit,
        "assistant-not-found" | "assistant-not-valid" => Configuration,
        _ if starts("call.start.") || starts("call-start-error-") || starts("assistant-request-") => Configuration,
        "call.ringing.sip-inbound-caller-hungup-before-call-connect" => NoAnswer,
        "twilio-failed-to-connect-call"
        | "vonage-failed-to-connect-call"
        | "vonage-disconnected"
        | "phone-call-provider-closed-websocket"
        | "phone-call-provider-bypass-enabled-but-no-call-received" => Telephony,
        _ if has("outbound-sip-403") || has("outbound-sip-407") || has("outbound-sip-503") => Telephony,
        _ if has("sip-inbound-call-failed") || has("sip-outbound-call-failed") || has("transport-") => Telephony,
        _ if has("worker-") || has("chat-pipeline-failed-to-start") || reason == "assistant-join-timed-out" => ProviderTrouble,
        _ if has("vapifault") => ProviderTrouble,
        _ if has("providerfault") || starts("pipeline-") || has("error-pipeline") => VoiceTrouble,
        "customer-did-not-give-microphone-permission" | "call.in-progress.error-assistant-did-not-receive-customer-audio" => NoAudio,
        _ => Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_read_top_down() {
        for (reason, class) in [
            ("voicemail", EndClass::Voicemail),
            ("customer-busy", EndClass::Busy),
            ("call.in-progress.error-providerfault-outbound-sip-480-temporarily-unavailable", EndClass::NoAnswer),
            ("call.in-progress.error-providerfault-outbound-sip-503-service-unavailable", EndClass::Telephony),
            ("assistant-forwarded-call", EndClass::Transferred),
            ("call.in-progress.error-warm-transfer-max-duration", EndClass::TransferFailed),
            ("customer-ended-call", EndClass::CallerEnded),
            ("call.start.error-subscription-insufficient-credits", EndClass::Billing),
            ("call.start.error-get-assistant", EndClass::Configuration),
            ("worker-shutdown", EndClass::ProviderTrouble),
            ("call.in-progress.error-vapifault-worker-died", EndClass::ProviderTrouble),
            ("pipeline-error-openai-401-unauthorized", EndClass::VoiceTrouble),
            ("something-vapi-added-this-week", EndClass::Unknown),
        ] {
            assert_eq!(classify(reason), class, "{reason}");
        }
    }

    #[test]
    fn every_class_has_an_outcome_and_a_failure_is_never_called_done() {
        for class in EndClass::ALL {
            let _ = class.outcome();
        }
        assert_eq!(classify("anything-new").outcome(), Outcome::Failed);
    }
}
