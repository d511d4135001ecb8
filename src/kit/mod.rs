//! What every page is made of: components that know no slice, with the class names of the design (`style/components.css`).
//! State is said by ARIA and native attributes, and CSS reads those. May import `shared` and `i18n`.

mod button;
mod chart;
#[cfg(test)]
mod contrast;
mod dialog;
#[cfg(feature = "ssr")]
pub mod document;
mod each;
mod errors;
mod field;
mod icon;
mod keys;
mod loaded;
mod menu;
mod page;
mod palette;
mod parts;
mod prefs;
mod shell;
mod table;
mod tabs;
mod time;
mod toast;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "no_browser.rs"]
mod browser;

pub use browser::chosen_text;
pub use button::*;
pub use chart::*;
pub use dialog::*;
pub use each::*;
pub use errors::*;
pub use field::*;
pub use icon::*;
pub use keys::single_keys_on;
pub use loaded::*;
pub use menu::*;
pub use page::*;
pub use palette::PaletteOpen;
pub use parts::*;
pub use prefs::*;
pub use shell::*;
pub use table::*;
pub use tabs::*;
pub use time::*;
pub use toast::*;
