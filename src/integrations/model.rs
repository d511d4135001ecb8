//! How a provider's webhooks prove where they come from. Source: protocols sheet "voice", section 4.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{CallId, HookId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// How a webhook is authenticated.
    AuthMode {
        /// The secret in `Authorization: Bearer …`, or in another header.
        Bearer = "bearer",
        /// The secret in a header of the assistant's own settings: needs no credential at the provider.
        Header = "header",
        /// A signature over the body, most often with its time.
        Hmac = "hmac",
        /// An access token from our own token door.
        Oauth2 = "oauth2",
        /// Nothing but the address: for rehearsals, refused in production.
        None = "none",
    }
}

text_enum! {
    /// The hash of a signature.
    Algorithm { Sha256 = "sha256", Sha512 = "sha512", Sha1 = "sha1" }
}

text_enum! {
    /// How the signature's bytes are written.
    Encoding { Hex = "hex", Base64 = "base64" }
}

text_enum! {
    /// Settings known by name.
    Preset {
        VapiDefault = "vapi_default",
        XVapiSecret = "x_vapi_secret",
        SignatureRawBody = "signature_raw_body",
        Svix = "svix",
        Bearer = "bearer",
        Oauth2 = "oauth2",
    }
}

/// What the webhook door checks, without the secret. Stored in `hook_endpoints.auth`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookAuth {
    pub mode: AuthMode,
    /// The header that carries the secret, the token or the signature; lowercase.
    pub header: String,
    /// The header that carries the time; read when `payload_format` signs `{timestamp}`.
    pub timestamp_header: String,
    /// The header that carries the message's id; read when `payload_format` signs `{svix-id}`.
    pub message_id_header: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    /// Before the value: `Bearer `, `sha256=`, `v1,`.
    pub prefix: String,
    /// What is signed: `{body}`, `{timestamp}`, `{method}`, `{url}`, `{svix-id}` and the text between them.
    pub payload_format: String,
    /// The key is the secret's base64-decoded bytes rather than its text.
    pub secret_is_base64: bool,
    /// How old a signed time may be, and how far ahead.
    pub tolerance_s: u32,
    /// The credential's id at the provider, which its messages to us are to use. The simulator needs none.
    pub credential_id: Option<String>,
}

impl Default for WebhookAuth {
    fn default() -> Self {
        Self::preset(Preset::VapiDefault)
    }
}

impl WebhookAuth {
    /// The settings of a name.
    pub fn preset(preset: Preset) -> Self {
        let hmac = Self {
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
            credential_id: None,
        };
        let text = str::to_owned;
        match preset {
            Preset::VapiDefault => hmac,
            Preset::SignatureRawBody => {
                Self { header: text("x-vapi-signature"), timestamp_header: String::new(), payload_format: text("{body}"), ..hmac }
            }
            Preset::Svix => Self {
                header: text("svix-signature"),
                timestamp_header: text("svix-timestamp"),
                message_id_header: text("svix-id"),
                encoding: Encoding::Base64,
                prefix: text("v1,"),
                payload_format: text("{svix-id}.{timestamp}.{body}"),
                secret_is_base64: true,
                ..hmac
            },
            Preset::XVapiSecret => Self {
                mode: AuthMode::Header,
                header: text("x-vapi-secret"),
                timestamp_header: String::new(),
                payload_format: String::new(),
                ..hmac
            },
            Preset::Bearer => Self {
                mode: AuthMode::Bearer,
                header: text("authorization"),
                timestamp_header: String::new(),
                prefix: text("Bearer "),
                payload_format: String::new(),
                ..hmac
            },
            Preset::Oauth2 => Self {
                mode: AuthMode::Oauth2,
                header: text("authorization"),
                timestamp_header: String::new(),
                prefix: text("Bearer "),
                payload_format: String::new(),
                ..hmac
            },
        }
    }

    /// The name of these settings, if they have one.
    pub fn preset_name(&self) -> Option<Preset> {
        let bare = Self { credential_id: None, tolerance_s: 300, ..self.clone() };
        Preset::ALL.iter().copied().find(|preset| Self::preset(*preset) == bare)
    }

    /// Whether a time is signed: only then is there a window against replays.
    pub fn signs_time(&self) -> bool {
        self.mode == AuthMode::Hmac && self.payload_format.contains("{timestamp}")
    }

    /// Whether the provider needs a credential made on its side; the others travel in the assistant's own settings.
    pub fn needs_credential(&self) -> bool {
        matches!(self.mode, AuthMode::Bearer | AuthMode::Hmac | AuthMode::Oauth2)
    }
}

/// What the settings form sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthForm {
    pub mode: String,
    pub header: String,
    pub timestamp_header: String,
    pub message_id_header: String,
    pub algorithm: String,
    pub encoding: String,
    pub prefix: String,
    pub payload_format: String,
    /// Absent when not ticked.
    pub secret_is_base64: Option<String>,
    pub tolerance_s: String,
    pub credential_id: String,
}

impl AuthForm {
    /// The form that says what the settings are now.
    pub fn of(auth: &WebhookAuth) -> Self {
        Self {
            mode: auth.mode.to_string(),
            header: auth.header.clone(),
            timestamp_header: auth.timestamp_header.clone(),
            message_id_header: auth.message_id_header.clone(),
            algorithm: auth.algorithm.to_string(),
            encoding: auth.encoding.to_string(),
            prefix: auth.prefix.clone(),
            payload_format: auth.payload_format.clone(),
            secret_is_base64: auth.secret_is_base64.then(|| "true".to_owned()),
            tolerance_s: auth.tolerance_s.to_string(),
            credential_id: auth.credential_id.clone().unwrap_or_default(),
        }
    }

    /// Reads the form; what a mode does not use is set to what its preset says.
    pub fn parse(&self) -> Result<WebhookAuth, AppError> {
        let mut wrong = FieldErrors::default();
        let mode = self.mode.parse().unwrap_or_else(|_| {
            wrong.add("mode", "webhook.mode_unknown");
            AuthMode::Hmac
        });
        let credential_id = Some(self.credential_id.trim().to_owned()).filter(|id| !id.is_empty());
        if credential_id.as_deref().is_some_and(|id| id.len() > 100 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))
        {
            wrong.add("credential_id", "webhook.credential_shape");
        }
        let base = WebhookAuth {
            credential_id,
            ..WebhookAuth::preset(match mode {
                AuthMode::Bearer => Preset::Bearer,
                AuthMode::Header => Preset::XVapiSecret,
                AuthMode::Oauth2 => Preset::Oauth2,
                AuthMode::Hmac | AuthMode::None => Preset::VapiDefault,
            })
        };
        let auth = match mode {
            AuthMode::None => WebhookAuth { mode, ..base },
            AuthMode::Oauth2 => base,
            AuthMode::Header => WebhookAuth { header: self.header_name("header", &self.header, &base.header, &mut wrong), ..base },
            AuthMode::Bearer => {
                let header = self.header_name("header", &self.header, &base.header, &mut wrong);
                // The provider writes `Bearer ` before the token or nothing at all.
                let prefix = if self.prefix.trim().is_empty() && header != "authorization" { String::new() } else { base.prefix.clone() };
                WebhookAuth { header, prefix, ..base }
            }
            AuthMode::Hmac => self.parse_hmac(base, &mut wrong),
        };
        wrong.into_result()?;
        Ok(auth)
    }

    fn parse_hmac(&self, base: WebhookAuth, wrong: &mut FieldErrors) -> WebhookAuth {
        let format = self.payload_format.trim().to_owned();
        if !format.contains("{body}") || format.len() > 200 {
            wrong.add("payload_format", "webhook.format_body");
        }
        let unknown = format.match_indices('{').any(|(at, _)| {
            !["{body}", "{timestamp}", "{method}", "{url}", "{svix-id}"].iter().any(|token| format[at..].starts_with(token))
        });
        if unknown {
            wrong.add("payload_format", "webhook.format_token");
        }
        let (signs_time, signs_id) = (format.contains("{timestamp}"), format.contains("{svix-id}"));
        let timestamp_header =
            if signs_time { self.header_name("timestamp_header", &self.timestamp_header, "x-timestamp", wrong) } else { String::new() };
        let message_id_header =
            if signs_id { self.header_name("message_id_header", &self.message_id_header, "svix-id", wrong) } else { String::new() };
        let prefix = self.prefix.clone();
        if prefix.len() > 32 || !prefix.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            wrong.add("prefix", "webhook.prefix_shape");
        }
        let algorithm = self.algorithm.parse().unwrap_or_else(|_| {
            wrong.add("algorithm", "webhook.algorithm_unknown");
            Algorithm::Sha256
        });
        let encoding = self.encoding.parse().unwrap_or_else(|_| {
            wrong.add("encoding", "webhook.encoding_unknown");
            Encoding::Hex
        });
        let tolerance_s = self.tolerance_s.trim().parse::<u32>().unwrap_or(0);
        if signs_time && !(30..=3600).contains(&tolerance_s) {
            wrong.add("tolerance_s", "webhook.tolerance_range");
        }
        WebhookAuth {
            header: self.header_name("header", &self.header, "x-signature", wrong),
            timestamp_header,
            message_id_header,
            algorithm,
            encoding,
            prefix,
            payload_format: format,
            secret_is_base64: self.secret_is_base64.is_some(),
            tolerance_s: if signs_time { tolerance_s } else { 300 },
            ..base
        }
    }

    /// A header's name in lowercase; an empty field takes the usual one. Names that HTTP itself uses are refused.
    fn header_name(&self, field: &str, typed: &str, usual: &str, wrong: &mut FieldErrors) -> String {
        const TAKEN: [&str; 8] =
            ["host", "content-length", "content-type", "connection", "transfer-encoding", "cookie", "user-agent", "accept"];
        let name = typed.trim().to_ascii_lowercase();
        if name.is_empty() {
            return usual.to_owned();
        }
        let is_name = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name || TAKEN.contains(&name.as_str()) {
            wrong.add(field, "webhook.header_name");
        }
        name
    }
}

/// The address and its secret, for who may manage integrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where the provider sends to.
    pub url: String,
    pub auth: WebhookAuth,
    /// Absent for who may only look.
    pub secret: Option<String>,
    /// Until when the secret before this one is still accepted.
    pub previous_until: Option<DateTime<Utc>>,
    /// For the OAuth2 mode.
    pub token_url: String,
    /// For the OAuth2 mode.
    pub client_id: String,
    /// Whether the provider is our simulator, which is told the credential by itself.
    pub simulated: bool,
    /// The provider cannot authenticate yet: its credential's id is missing.
    pub incomplete: bool,
    /// Whether the secret may be seen, the settings changed.
    pub may_manage: bool,
    pub updated_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// One delivery to our address, accepted or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: HookId,
    pub at: DateTime<Utc>,
    /// `accepted`, `duplicate`, `rejected`, `dead`.
    pub outcome: String,
    /// Why it was not accepted.
    pub reason: Option<String>,
    /// The provider's message type.
    pub kind: Option<String>,
    pub call_id: Option<CallId>,
    pub bytes: i32,
    pub ip: Option<String>,
}

text_enum! {
    /// Which deliveries the journal shows.
    DeliveryOutcome { Accepted = "accepted", Duplicate = "duplicate", Rejected = "rejected", Dead = "dead" }
}

/// Deliveries of the last day, by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFigures {
    pub accepted: i64,
    pub duplicate: i64,
    pub rejected: i64,
    pub dead: i64,
}

/// One page of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    pub deliveries: Vec<Delivery>,
    /// The cursor of the next page.
    pub next: Option<HookId>,
    pub last_day: DeliveryFigures,
    pub now: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_back_as_itself_through_the_form() {
        for preset in Preset::ALL {
            let auth = WebhookAuth::preset(*preset);
            assert_eq!(AuthForm::of(&auth).parse().as_ref(), Ok(&auth), "{preset}");
            assert_eq!(auth.preset_name(), Some(*preset));
        }
    }

    #[test]
    fn stored_settings_of_an_older_shape_are_completed() {
        let auth: WebhookAuth = serde_json::from_str(r#"{"mode":"hmac","header":"x-sig"}"#).expect("readable");
        assert_eq!((auth.header.as_str(), auth.payload_format.as_str(), auth.tolerance_s), ("x-sig", "{timestamp}.{body}", 300));
    }

    #[test]
    fn what_would_leave_the_door_open_or_shut_is_refused() {
        let base = AuthForm::of(&WebhookAuth::default());
        let refused = |change: &dyn Fn(&mut AuthForm)| {
            let mut form = base.clone();
            change(&mut form);
            form.parse().expect_err("refused").fields().0.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(refused(&|f| f.payload_format = "{timestamp}".into()), ["payload_format"]);
        assert_eq!(refused(&|f| f.payload_format = "{body}{secret}".into()), ["payload_format"]);
        assert_eq!(refused(&|f| f.header = "x signature".into()), ["header"]);
        assert_eq!(refused(&|f| f.header = "Content-Length".into()), ["header"]);
        assert_eq!(refused(&|f| f.tolerance_s = "0".into()), ["tolerance_s"]);
        assert_eq!(refused(&|f| f.algorithm = "md5".into()), ["algorithm"]);
        assert_eq!(refused(&|f| f.credential_id = "../x".into()), ["credential_id"]);
        assert_eq!(refused(&|f| f.mode = "open".into()), ["mode"]);
    }

    #[test]
    fn only_a_signed_time_opens_a_replay_window() {
        assert!(WebhookAuth::preset(Preset::VapiDefault).signs_time() && WebhookAuth::preset(Preset::Svix).signs_time());
        assert!(!WebhookAuth::preset(Preset::SignatureRawBody).signs_time() && !WebhookAuth::preset(Preset::Bearer).signs_time());
    }
}
