//! What is kept of a failure for people: the provider's own words, else a word of ours that is translated when it is shown.

use crate::{platform::outbound::OutboundError, shared::trouble::Trouble};

/// The code of [`super::Vapi::control`] and [`super::Vapi::listen`] for an address that is not one of Vapi's.
pub(super) const FOREIGN_ADDRESS: &str = "foreign_address";

/// The words to keep. Never a cause from the network: it would be English, and may name what is inside our walls.
pub fn words_of(error: &OutboundError) -> String {
    let ours = match error {
        OutboundError::Refused { code: Some(code), .. } if code == FOREIGN_ADDRESS => Trouble::ForeignAddress,
        OutboundError::Refused { words, .. } => return words.join("; "),
        OutboundError::Open { .. } => Trouble::Paused,
        OutboundError::Unsent { .. } => Trouble::Unreachable,
        OutboundError::NoAnswer { .. } => Trouble::NoAnswer,
        OutboundError::Garbled { .. } => Trouble::Garbled,
    };
    ours.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_s_words_are_kept_and_the_network_s_are_not() {
        let refused = |words: &str| OutboundError::Refused {
            provider: "vapi",
            status: 400,
            words: vec![words.into(), "b".into()],
            code: None,
            retry_after: None,
        };
        assert_eq!(words_of(&refused("voice is unknown")), "voice is unknown; b");
        let unsent = OutboundError::Unsent { provider: "vapi", cause: "tcp connect error: 10.0.0.7:443".into() };
        assert_eq!(words_of(&unsent).parse(), Ok(Trouble::Unreachable));
    }
}
