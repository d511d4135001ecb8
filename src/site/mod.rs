//! See STYLE.
