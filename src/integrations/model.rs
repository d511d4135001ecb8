//! How a provider signs its webhooks: every mode of the provider's credentials, with its options.
//! Source: protocols sheet "voice", section 4.

use serde::{Deserialize, Serialize};

text_enum! {
    /// What a webhook carries to prove where it comes from.
    AuthMode {
        /// Nothing. Refused in production.
        None = "none",
        /// `Authorization: Bearer …`, or another header.
        Bearer = "bearer",
        /// The secret itself in a header, such as `X-Vapi-Secret`.
        Header = "header",
        /// A signature over timestamp and body.
        Hmac = "hmac",
        /// A token of our own token door.
        Oauth2 = "oauth2",
    }
}

text_enum! { Algorithm { Sha256 = "sha256", Sha512 = "sha512", Sha1 = "sha1" } }
text_enum! { Encoding { Hex = "hex", Base64 = "base64" } }

/// How webhooks of an organisation are proven; secrets are kept beside it, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookAuth {
    pub mode: AuthMode,
    /// Header of the signature, token or secret.
    pub header: String,
    /// Header of the timestamp; empty when none is signed.
    pub timestamp_header: String,
    /// Header of the message id, Svix style; empty when there is none.
    pub message_id_header: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    /// What stands before the signature, such as `sha256=`; before the token, such as `Bearer `.
    pub prefix: String,
    /// `{timestamp}.{body}`; also `{method}`, `{url}`, `{svix-id}`.
    pub payload_format: String,
    pub secret_is_base64: bool,
    /// How old a signed timestamp may be.
    pub tolerance_s: i64,
}

impl Default for WebhookAuth {
    /// The provider's own defaults.
    fn default() -> Self {
        Self {
            mode: AuthMode::Hmac,
            header: "x-signature".into(),
            timestamp_header: "x-timestamp".into(),
            message_id_header: String::new(),
            algorithm: Algorithm::Sha256,
            encoding: Encoding::Hex,
            prefix: String::new(),
            payload_format: "{timestamp}.{body}".into(),
            secret_is_base64: false,
            tolerance_s: 300,
        }
    }
}

impl WebhookAuth {
    /// A bearer token in `Authorization`.
    pub fn bearer() -> Self {
        Self { mode: AuthMode::Bearer, header: "authorization".into(), prefix: "Bearer ".into(), ..Self::default() }
    }

    /// The legacy secret in clear.
    pub fn x_vapi_secret() -> Self {
        Self { mode: AuthMode::Header, header: "x-vapi-secret".into(), ..Self::default() }
    }

    /// Signature of the raw body, no timestamp.
    pub fn raw_body() -> Self {
        Self { header: "x-vapi-signature".into(), timestamp_header: String::new(), payload_format: "{body}".into(), ..Self::default() }
    }

    /// Standard Webhooks, as Svix sends them.
    pub fn svix() -> Self {
        Self {
            header: "svix-signature".into(),
            timestamp_header: "svix-timestamp".into(),
            message_id_header: "svix-id".into(),
            encoding: Encoding::Base64,
            prefix: "v1,".into(),
            payload_format: "{svix-id}.{timestamp}.{body}".into(),
            secret_is_base64: true,
            ..Self::default()
        }
    }

    /// A token of our own token door.
    pub fn oauth2() -> Self {
        Self { mode: AuthMode::Oauth2, ..Self::bearer() }
    }
}
