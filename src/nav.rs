//! What can be reached from the rail, the bottom bar and the palette. A slice that gets a page adds its line here.

use crate::{
    i18n::words as w,
    kit::{Nav, NavEntry, NavGroup, PaletteAction},
    shared::permission::Permission,
};

/// Every place and action of the signed-in product.
pub const NAV: Nav = Nav { entries: ENTRIES, actions: ACTIONS };

static ENTRIES: &[NavEntry] = &[
    NavEntry {
        href: "/home",
        label: w::NAV_HOME,
        icon: icondata::LuLayoutDashboard,
        needs: None,
        group: NavGroup::Work,
        letter: 'h',
        in_bar: true,
        counts_live: false,
    },
    NavEntry {
        href: "/live",
        label: w::NAV_LIVE,
        icon: icondata::LuRadio,
        needs: Some(Permission::CallsRead),
        group: NavGroup::Work,
        letter: 'l',
        in_bar: true,
        counts_live: true,
    },
    NavEntry {
        href: "/calls",
        label: w::NAV_CALLS,
        icon: icondata::LuPhone,
        needs: Some(Permission::CallsRead),
        group: NavGroup::Work,
        letter: 'c',
        in_bar: true,
        counts_live: false,
    },
    NavEntry {
        href: "/figures",
        label: w::NAV_FIGURES,
        icon: icondata::LuChartColumn,
        needs: Some(Permission::CallsRead),
        group: NavGroup::Work,
        letter: 'f',
        in_bar: false,
        counts_live: false,
    },
    NavEntry {
        href: "/assistants",
        label: w::NAV_ASSISTANTS,
        icon: icondata::LuAudioLines,
        needs: Some(Permission::AssistantsRead),
        group: NavGroup::SetUp,
        letter: 'a',
        in_bar: true,
        counts_live: false,
    },
    NavEntry {
        href: "/answers",
        label: w::NAV_ANSWERS,
        icon: icondata::LuBookOpen,
        needs: Some(Permission::AssistantsRead),
        group: NavGroup::SetUp,
        letter: 'r',
        in_bar: false,
        counts_live: false,
    },
    NavEntry {
        href: "/reception",
        label: w::NAV_RECEPTION,
        icon: icondata::LuPhoneForwarded,
        needs: Some(Permission::AssistantsRead),
        group: NavGroup::SetUp,
        letter: 's',
        in_bar: false,
        counts_live: false,
    },
    NavEntry {
        href: "/integrations",
        label: w::NAV_INTEGRATIONS,
        icon: icondata::LuBlocks,
        needs: Some(Permission::IntegrationsRead),
        group: NavGroup::SetUp,
        letter: 'i',
        in_bar: false,
        counts_live: false,
    },
    NavEntry {
        href: "/settings/account",
        label: w::NAV_SETTINGS,
        icon: icondata::LuSettings,
        needs: None,
        group: NavGroup::SetUp,
        letter: 'p',
        in_bar: false,
        counts_live: false,
    },
];

static ACTIONS: &[PaletteAction] = &[PaletteAction {
    href: "/assistants/new",
    label: w::NAV_NEW_ASSISTANT,
    icon: icondata::LuPlus,
    needs: Some(Permission::AssistantsEdit),
}];
