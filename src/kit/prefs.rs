//! What a browser remembers about the look: theme and rail, in cookies, so that the first paint is right.
//! The server writes them onto `<html>`; `POST /prefs` (site/server.rs) changes them before wasm, the browser itself after.

use super::browser;

/// The cookie of the theme: `light`, `dark`; absent: as the device.
pub const THEME_COOKIE: &str = "zc_theme";
/// The cookie of the language: `fr`, `en`.
pub const LANG_COOKIE: &str = "zc_lang";
/// The cookie of the rail: `narrow`; absent: wide.
pub const RAIL_COOKIE: &str = "zc_rail";

/// Light, dark, or as the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The value of the cookie and of `POST /prefs`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the cookie's value.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The value of `data-theme` on `<html>`.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// Shows and keeps it; in the browser only.
    pub fn apply(self) {
        browser::set_root_attribute("data-theme", self.attribute());
        browser::set_cookie(THEME_COOKIE, self.name());
    }
}

/// What the cookies of a request say. A context the app provides on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefs {
    pub theme: Theme,
    pub rail_narrow: bool,
    /// The value of the language cookie, for [`crate::i18n::Locale::negotiate`].
    pub lang: Option<String>,
}

impl Prefs {
    /// Reads a `Cookie` header; what it does not know, it ignores.
    pub fn from_cookies(header: &str) -> Self {
        let mut prefs = Self::default();
        for pair in header.split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            match name {
                THEME_COOKIE => prefs.theme = Theme::parse(value).unwrap_or_default(),
                RAIL_COOKIE => prefs.rail_narrow = value == "narrow",
                LANG_COOKIE => prefs.lang = Some(value.to_owned()),
                _ => {}
            }
        }
        prefs
    }

    /// The value of `data-rail` on `<html>`.
    pub const fn rail_attribute(&self) -> Option<&'static str> {
        if self.rail_narrow { Some("narrow") } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_say_how_the_page_looks() {
        let prefs = Prefs::from_cookies("__Host-zc=abc; zc_theme=dark; zc_lang=en;zc_rail=narrow");
        assert_eq!(prefs, Prefs { theme: Theme::Dark, rail_narrow: true, lang: Some("en".into()) });
        assert_eq!(Prefs::from_cookies("zc_theme=<script>; junk"), Prefs::default());
    }
}
