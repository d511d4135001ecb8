//! Every door of the product in one table: what stands here is what `zencall routes` prints and what the tests hold the router to.
//! A door that is mounted and not listed fails the gate; so does one listed and not mounted.

use crate::shared::permission::Permission;
use serde::Serialize;

/// How a door is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Page,
    Rpc,
    Hook,
    /// The public API: keys only.
    Api,
    Live,
    /// Files, health and forms that are neither page nor function.
    Other,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A member whose role holds the permission.
    Needs(Permission),
    /// Anybody who is signed in, about themselves only.
    SignedIn,
    /// Everybody, and why.
    Public(&'static str),
}

/// One door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Door {
    pub method: &'static str,
    pub path: &'static str,
    pub kind: Kind,
    #[serde(flatten)]
    pub who: Who,
}

const fn door(method: &'static str, path: &'static str, kind: Kind, who: Who) -> Door {
    Door { method, path, kind, who }
}

const fn page(path: &'static str, who: Who) -> Door {
    door("GET", path, Kind::Page, who)
}

const fn rpc(path: &'static str, who: Who) -> Door {
    door("POST", path, Kind::Rpc, who)
}

const fn api(method: &'static str, path: &'static str, who: Who) -> Door {
    door(method, path, Kind::Api, who)
}

use Permission::*;
use Who::{Needs, Public, SignedIn};

const STRANGER: Who = Public("for people who have no account yet, or are not signed in");
const TOKEN: Who = Public("the token in the address is the key, good once");
const LOOK: Who = Public("keeps a choice of look or language in a cookie, nothing else");

const DESCRIPTION: Who = Public("describes the public API, the same for everybody");

/// All of them.
pub const DOORS: &[Door] = &[
    page("/", STRANGER),
    page("/terms", STRANGER),
    page("/privacy", STRANGER),
    door("POST", "/prefs", Kind::Other, LOOK),
    page("/sign-up", STRANGER),
    door("POST", "/sign-up", Kind::Other, STRANGER),
    page("/sign-up/sent", STRANGER),
    page("/sign-in", STRANGER),
    door("POST", "/sign-in", Kind::Other, STRANGER),
    page("/second-factor", STRANGER),
    door("POST", "/second-factor", Kind::Other, STRANGER),
    door("POST", "/sign-out", Kind::Other, SignedIn),
    page("/forgot", STRANGER),
    door("POST", "/forgot", Kind::Other, STRANGER),
    page("/forgot/sent", STRANGER),
    page("/reset/{token}", TOKEN),
    door("POST", "/reset/{token}", Kind::Other, TOKEN),
    page("/confirm/{token}", TOKEN),
    door("POST", "/confirm/{token}", Kind::Other, TOKEN),
    page("/settings/account", SignedIn),
    door("POST", "/settings/account", Kind::Other, SignedIn),
    page("/settings/security", SignedIn),
    door("POST", "/settings/security", Kind::Other, SignedIn),
    page("/settings/sessions", SignedIn),
    door("POST", "/settings/sessions", Kind::Other, SignedIn),
    page("/settings/organisation", Needs(OrgManage)),
    door("POST", "/settings/organisation", Kind::Other, Needs(OrgManage)),
    page("/home", SignedIn),
    page("/live/{id}", Needs(CallsRead)),
    page("/live", Needs(CallsRead)),
    page("/calls", Needs(CallsRead)),
    page("/calls/{id}", Needs(CallsRead)),
    page("/figures", Needs(CallsRead)),
    page("/assistants", Needs(AssistantsRead)),
    page("/assistants/new", Needs(AssistantsEdit)),
    page("/assistants/{id}", Needs(AssistantsRead)),
    page("/answers", Needs(AssistantsRead)),
    page("/assistants/{id}/try", Needs(AssistantsEdit)),
    page("/assistants/{id}/rehearsals", Needs(AssistantsRead)),
    page("/assistants/{id}/versions", Needs(AssistantsRead)),
    page("/assistants/{id}/versions/{n}", Needs(AssistantsRead)),
    page("/reception", Needs(AssistantsRead)),
    page("/reception/{tab}", Needs(AssistantsRead)),
    page("/integrations", Needs(IntegrationsRead)),
    page("/settings/api-keys", Needs(KeysManage)),
    page("/sandbox/mail", Public("only in the sandbox: the mail that would have been sent")),
    page("/sandbox/mail/{id}", Public("only in the sandbox: the mail that would have been sent")),
    door("GET", "/healthz", Kind::Other, Public("says that the process lives")),
    door("GET", "/readyz", Kind::Other, Public("says whether the process takes work")),
    door("POST", "/csp-report", Kind::Other, Public("browsers tell what the content policy stopped")),
    door("POST", "/hooks/vapi/{token}", Kind::Hook, Public("the address names the organisation, the signature proves the provider")),
    door("POST", "/hooks/vapi/{token}/try", Kind::Hook, Public("as above, for drafts that are tried: nothing is kept")),
    door("POST", "/hooks/oauth/token", Kind::Hook, Public("client credentials in the request")),
    door("GET", "/live/ws", Kind::Live, Needs(CallsRead)),
    door("GET", "/live/listen/{id}", Kind::Live, Needs(CallsListen)),
    door("GET", "/calls/{id}/recording", Kind::Other, Needs(CallsListen)),
    door("GET", "/assistants/{id}/export.json", Kind::Other, Needs(AssistantsRead)),
    door("GET", "/calls/export.csv", Kind::Other, Needs(CallsExport)),
    door("GET", "/answers/export.csv", Kind::Other, Needs(AssistantsRead)),
    door("GET", "/api/openapi.json", Kind::Other, DESCRIPTION),
    door("GET", "/api/docs", Kind::Other, DESCRIPTION),
    api("GET", "/api/v1/me", SignedIn),
    api("GET", "/api/v1/keys", Needs(KeysManage)),
    api("POST", "/api/v1/keys", Needs(KeysManage)),
    api("GET", "/api/v1/keys/{id}", Needs(KeysManage)),
    api("DELETE", "/api/v1/keys/{id}", Needs(KeysManage)),
    api("POST", "/api/v1/keys/{id}/roll", Needs(KeysManage)),
    api("GET", "/api/v1/requests", Needs(KeysManage)),
    api("GET", "/api/v1/calls", Needs(CallsRead)),
    api("POST", "/api/v1/calls", Needs(CallsStart)),
    api("GET", "/api/v1/calls/export.csv", Needs(CallsExport)),
    api("GET", "/api/v1/calls/{id}", Needs(CallsRead)),
    api("GET", "/api/v1/calls/{id}/transcript", Needs(CallsRead)),
    api("GET", "/api/v1/calls/{id}/events", Needs(CallsRead)),
    api("GET", "/api/v1/calls/{id}/recording", Needs(CallsListen)),
    api("GET", "/api/v1/calls/{id}/analysis", Needs(CallsRead)),
    api("POST", "/api/v1/calls/{id}/analysis", Needs(CallsAnalyse)),
    api("POST", "/api/v1/calls/{id}/actions", Needs(CallsControl)),
    api("POST", "/api/v1/simulated-calls", Needs(CallsStart)),
    api("GET", "/api/v1/figures", Needs(CallsRead)),
    api("GET", "/api/v1/assistants", Needs(AssistantsRead)),
    api("POST", "/api/v1/assistants", Needs(AssistantsEdit)),
    api("POST", "/api/v1/assistants/import", Needs(AssistantsEdit)),
    api("GET", "/api/v1/assistants/{id}", Needs(AssistantsRead)),
    api("DELETE", "/api/v1/assistants/{id}", Needs(AssistantsEdit)),
    api("GET", "/api/v1/assistants/{id}/export", Needs(AssistantsRead)),
    api("PUT", "/api/v1/assistants/{id}/state", Needs(AssistantsEdit)),
    api("POST", "/api/v1/assistants/{id}/push", Needs(AssistantsEdit)),
    api("POST", "/api/v1/assistants/{id}/copy", Needs(AssistantsEdit)),
    api("PUT", "/api/v1/assistants/{id}/draft", Needs(AssistantsEdit)),
    api("DELETE", "/api/v1/assistants/{id}/draft", Needs(AssistantsEdit)),
    api("POST", "/api/v1/assistants/{id}/publish", Needs(AssistantsEdit)),
    api("GET", "/api/v1/assistants/{id}/versions", Needs(AssistantsRead)),
    api("GET", "/api/v1/assistants/{id}/versions/{n}", Needs(AssistantsRead)),
    api("POST", "/api/v1/assistants/{id}/versions/{n}/restore", Needs(AssistantsEdit)),
    api("GET", "/api/v1/numbers", Needs(AssistantsRead)),
    api("POST", "/api/v1/numbers", Needs(IntegrationsManage)),
    api("PUT", "/api/v1/numbers/{id}", Needs(AssistantsEdit)),
    api("DELETE", "/api/v1/numbers/{id}", Needs(IntegrationsManage)),
    api("GET", "/api/v1/answers", Needs(AssistantsRead)),
    api("POST", "/api/v1/answers", Needs(AssistantsEdit)),
    api("GET", "/api/v1/answers/export.csv", Needs(AssistantsRead)),
    api("POST", "/api/v1/answers/import", Needs(AssistantsEdit)),
    api("POST", "/api/v1/answers/search", Needs(AssistantsRead)),
    api("GET", "/api/v1/answers/{id}", Needs(AssistantsRead)),
    api("PUT", "/api/v1/answers/{id}", Needs(AssistantsEdit)),
    api("DELETE", "/api/v1/answers/{id}", Needs(AssistantsEdit)),
    api("POST", "/api/v1/answers/{id}/restore", Needs(AssistantsEdit)),
    api("GET", "/api/v1/questions", Needs(AssistantsRead)),
    api("PUT", "/api/v1/questions/{id}", Needs(AssistantsEdit)),
    api("GET", "/api/v1/integrations/vapi", Needs(IntegrationsRead)),
    api("PUT", "/api/v1/integrations/vapi", Needs(IntegrationsManage)),
    api("POST", "/api/v1/integrations/vapi/rotate-secret", Needs(IntegrationsManage)),
    api("GET", "/api/v1/integrations/vapi/deliveries", Needs(IntegrationsRead)),
    rpc("/rpc/zencall/api_keys/rpc/list_keys", Needs(KeysManage)),
    rpc("/rpc/zencall/api_keys/rpc/create_key", Needs(KeysManage)),
    rpc("/rpc/zencall/api_keys/rpc/roll_key", Needs(KeysManage)),
    rpc("/rpc/zencall/api_keys/rpc/revoke_key", Needs(KeysManage)),
    rpc("/rpc/zencall/api_keys/rpc/list_requests", Needs(KeysManage)),
    rpc("/rpc/zencall/account/rpc/read_security", SignedIn),
    rpc("/rpc/zencall/account/rpc/read_sessions", SignedIn),
    rpc("/rpc/zencall/account/rpc/read_organisation", Needs(OrgManage)),
    rpc("/rpc/zencall/calls/log/rpc/read_log", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/read_desk", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/save_view", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/delete_view", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/mark_all_read", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/tag_calls", Needs(CallsNote)),
    rpc("/rpc/zencall/calls/log/rpc/untag_calls", Needs(CallsNote)),
    rpc("/rpc/zencall/calls/log/rpc/price_analyses", Needs(CallsAnalyse)),
    rpc("/rpc/zencall/calls/log/rpc/analyse_calls", Needs(CallsAnalyse)),
    rpc("/rpc/zencall/calls/log/rpc/delete_calls", Needs(CallsDelete)),
    rpc("/rpc/zencall/calls/log/rpc/erase_recording", Needs(CallsDelete)),
    rpc("/rpc/zencall/calls/log/rpc/list_notes", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/log/rpc/add_note", Needs(CallsNote)),
    rpc("/rpc/zencall/calls/log/rpc/delete_note", Needs(CallsNote)),
    rpc("/rpc/zencall/calls/log/rpc/replay_call", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/retention/read_retention", Needs(OrgManage)),
    rpc("/rpc/zencall/calls/retention/save_retention", Needs(OrgManage)),
    rpc("/rpc/zencall/calls/figures/rpc/read_figures", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/rpc/read_call", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/rpc/read_board", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/rpc/act_on_call", Needs(CallsControl)),
    rpc("/rpc/zencall/calls/rpc/start_call", Needs(CallsStart)),
    rpc("/rpc/zencall/calls/rpc/simulate_call", Needs(CallsStart)),
    rpc("/rpc/zencall/calls/rpc/read_home", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/analysis/rpc/read_analysis", Needs(CallsRead)),
    rpc("/rpc/zencall/calls/analysis/rpc/analyse_again", Needs(CallsAnalyse)),
    rpc("/rpc/zencall/calls/rpc/list_assistant_choices", Needs(CallsRead)),
    rpc("/rpc/zencall/assistants/rpc/list_assistants", Needs(AssistantsRead)),
    rpc("/rpc/zencall/assistants/rpc/read_assistant", Needs(AssistantsRead)),
    rpc("/rpc/zencall/assistants/rpc/create_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/preview_trade", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/import_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/save_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/discard_draft", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/publish_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/list_versions", Needs(AssistantsRead)),
    rpc("/rpc/zencall/assistants/rpc/read_version", Needs(AssistantsRead)),
    rpc("/rpc/zencall/assistants/rpc/restore_version", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/look_at_copy", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/pull_copy", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/ignore_copy", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/set_assistant_state", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/delete_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/push_assistant", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/list_numbers", Needs(AssistantsRead)),
    rpc("/rpc/zencall/assistants/rpc/connect_number", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/assistants/rpc/assign_number", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/assistants/rpc/delete_number", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/rehearsals/rpc/read_try", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/rehearsals/rpc/say_to_draft", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/rehearsals/rpc/read_rehearsals", Needs(AssistantsRead)),
    rpc("/rpc/zencall/rehearsals/rpc/save_rehearsal", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/rehearsals/rpc/delete_rehearsal", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/rehearsals/rpc/run_rehearsals", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/rehearsals/rpc/require_rehearsals", Needs(OrgManage)),
    rpc("/rpc/zencall/answers/rpc/list_answers", Needs(AssistantsRead)),
    rpc("/rpc/zencall/answers/rpc/create_answer", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/update_answer", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/delete_answer", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/restore_answer", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/try_question", Needs(AssistantsRead)),
    rpc("/rpc/zencall/answers/rpc/list_open_questions", Needs(AssistantsRead)),
    rpc("/rpc/zencall/answers/rpc/dismiss_question", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/preview_import", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/answers/rpc/import_answers", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/read_reception", Needs(AssistantsRead)),
    rpc("/rpc/zencall/reception/rpc/save_week", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/save_day", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/remove_day", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/add_public_holidays", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/save_rule", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/move_rule", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/switch_rule", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/remove_rule", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/try_route", Needs(AssistantsRead)),
    rpc("/rpc/zencall/reception/rpc/save_person", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/remove_person", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/list_callers", Needs(AssistantsRead)),
    rpc("/rpc/zencall/reception/rpc/save_caller", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/remove_caller", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/reception/rpc/list_callbacks", Needs(CallsRead)),
    rpc("/rpc/zencall/reception/rpc/set_callback_done", Needs(CallsStart)),
    rpc("/rpc/zencall/reception/rpc/list_http_tools", Needs(AssistantsRead)),
    rpc("/rpc/zencall/reception/rpc/save_http_tool", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/reception/rpc/remove_http_tool", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/reception/rpc/try_http_tool", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/integrations/rpc/read_endpoint", Needs(IntegrationsRead)),
    rpc("/rpc/zencall/integrations/rpc/save_auth", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/integrations/rpc/rotate_secret", Needs(IntegrationsManage)),
    rpc("/rpc/zencall/integrations/rpc/read_journal", Needs(IntegrationsRead)),
    rpc("/rpc/zencall/dashboard/rpc/read_home_page", SignedIn),
    rpc("/rpc/zencall/dashboard/rpc/mark_watched", Needs(CallsRead)),
    rpc("/rpc/zencall/dashboard/rpc/hide_checklist", Needs(AssistantsEdit)),
    rpc("/rpc/zencall/dashboard/rpc/count_demo_data", Needs(OrgManage)),
    rpc("/rpc/zencall/dashboard/rpc/remove_demo_data", Needs(OrgManage)),
];
