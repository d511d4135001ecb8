//! Passwords: which are good enough, and how they are kept.
//!
//! Length and a short list of what everybody types first; no rules of composition (ASVS 5.0, 6.2). Kept as Argon2id, 19 MiB, two
//! passes (OWASP's minimum). One hash is work for one core, so at most as many run at once as there are cores (`Core::hashing`).

use crate::{platform::Core, shared::error::AppError};
use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use std::time::Duration;
use unicode_normalization::UnicodeNormalization;

/// Characters, after NFC.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// No password of 128 characters is longer than this in UTF-8, however it was composed. What is longer is refused unread.
const MOST_BYTES: usize = 2048;
/// Twelve characters and more that people type first; the rest of such lists is too short for us anyway.
const COMMON: &str = include_str!("common_passwords.txt");
/// Verified against when nobody has the address, so that the answer takes as long.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it was typed, composed to NFC, of a length worth hashing. Neither printed nor compared.
pub struct Password(String);

impl Password {
    /// For checking against what is kept. Errors: `password.long`, before any work is done on it.
    pub fn typed(text: &str) -> Result<Self, &'static str> {
        let composed: Option<String> = (text.len() <= MOST_BYTES).then(|| text.nfc().collect());
        composed.filter(|text| text.chars().count() <= *LENGTH.end()).map(Self).ok_or("password.long")
    }

    /// For keeping. `about` is what others know of this person: address, organisation.
    /// Errors: `password.short`, `password.long`, `password.common`, `password.about_you`.
    pub fn chosen(text: &str, about: &[&str]) -> Result<Self, &'static str> {
        let password = Self::typed(text)?;
        if password.0.chars().count() < *LENGTH.start() {
            return Err("password.short");
        }
        if is_common(&password.0) {
            return Err("password.common");
        }
        let plain = letters_and_digits(&password.0);
        let known = about.iter().map(|known| letters_and_digits(known)).chain(["zencall".to_owned()]);
        if known.into_iter().any(|known| known.chars().count() >= 4 && plain.contains(&known)) {
            return Err("password.about_you");
        }
        Ok(password)
    }
}

/// On the list, or with figures around something on it, or a short piece over and over, or a row of the alphabet or the figures.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let on_the_list = COMMON.lines().any(|known| known == lower || (known == core && !core.is_empty()));
    let chars: Vec<char> = lower.chars().collect();
    let repeats = (1..=4).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b));
    let steps: Vec<i64> = chars.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    // 1234567890123: nine to nought counts as a step too.
    let is_row = |step: i64| steps.iter().all(|s| *s == step || *s == -9 * step);
    on_the_list || repeats || is_row(1) || is_row(-1)
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What is kept of a password.
pub async fn hash(core: &Core, password: Password) -> Result<String, AppError> {
    in_turn(core, move |argon2| Ok(argon2.hash_password(password.0.as_bytes()).context("hashing a password")?.to_string())).await
}

/// Whether the password is the one that is kept; one hash in any case. `kept` is absent when nobody has the address.
pub async fn verify(core: &Core, password: Password, kept: Option<String>) -> Result<bool, AppError> {
    in_turn(core, move |argon2| {
        let kept = kept.as_deref().unwrap_or(OF_NOBODY);
        let kept = PasswordHash::new(kept).context("reading a kept password")?;
        Ok(argon2.verify_password(password.0.as_bytes(), &kept).is_ok())
    })
    .await
}

/// Waits for a core. The turn lasts until the hash is done, even when the visitor has gone.
async fn in_turn<T: Send + 'static>(
    core: &Core,
    work: impl FnOnce(Argon2<'static>) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, AppError> {
    struct Turn(Core);
    impl Drop for Turn {
        fn drop(&mut self) {
            self.0.hashing.add_permits(1);
        }
    }
    let Ok(permit) = tokio::time::timeout(Duration::from_secs(10), core.hashing.acquire()).await else {
        return Err(AppError::RateLimited { retry_after_s: 10 });
    };
    permit.map_err(AppError::internal)?.forget();
    let turn = Turn(core.clone());
    metrics::counter!("zencall_password_hashes_total").increment(1);
    let params = Params::new(19 * 1024, 2, 1, None).map_err(AppError::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work(Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
        drop(turn);
        done
    });
    Ok(done.await.map_err(AppError::internal)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<&'static str> {
        Password::chosen(text, &["camille.renard", "Cabinet des Tilleuls"]).err()
    }

    #[test]
    fn length_counts_characters_as_people_see_them() {
        assert_eq!(refused("elevenchars"), Some("password.short"));
        assert_eq!(refused("twelve chars"), None);
        assert_eq!(refused(&"é1".repeat(5)), Some("password.short"));
        assert_eq!(refused(&"une phrase, puis une autre ".repeat(5)), Some("password.long"));
        assert_eq!(refused(&"x".repeat(1_000_000)), Some("password.long"));
        // Decomposed accents are composed before they are counted and kept.
        let (composed, decomposed) = ("ménagerie-bleue-42", "me\u{301}nagerie-bleue-42");
        assert_eq!(Password::typed(composed).map(|p| p.0).ok(), Password::typed(decomposed).map(|p| p.0).ok());
    }

    #[test]
    fn what_everybody_types_is_refused() {
        for bad in [
            "123456789012",
            "motdepasse123",
            "MotDePasse2026!",
            "passwordpassword",
            "azertyuiop12",
            "qwertyuiop123!",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijklm",
            "987654321098",
            "1q2w3e4r5t6y",
            "iloveyouiloveyou",
        ] {
            assert_eq!(refused(bad), Some("password.common"), "{bad}");
        }
        for good in ["correct horse battery staple", "un cheval de trait", "n7#kQ2!vLpe0", "4820 9917 3365"] {
            assert_eq!(refused(good), None, "{good}");
        }
    }

    #[test]
    fn what_others_know_of_you_is_refused() {
        for bad in ["Camille-Renard-42", "cabinetdestilleuls", "le Cabinet des Tilleuls 7", "mon zencall prefere"] {
            assert_eq!(refused(bad), Some("password.about_you"), "{bad}");
        }
    }

    #[test]
    fn the_hash_of_nobody_costs_as_much_and_matches_nothing() {
        let kept = PasswordHash::new(OF_NOBODY).unwrap_or_else(|e| panic!("{e}"));
        let params = Params::try_from(&kept).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19 * 1024, 2, 1));
        assert!(Argon2::default().verify_password(b"", &kept).is_err());
    }
}
