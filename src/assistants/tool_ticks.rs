//! Which tools an assistant has: those that come with Zencall, and the organisation's own.

use crate::{
    i18n::{t, words as w},
    kit::*,
    reception::{model::BUILT_IN, rpc::list_http_tools, tool_words},
    shared::error::FieldErrors,
};
use leptos::prelude::*;

/// A box for each. An empty one stands first: a form without ticks is told from one that does not know them.
#[component]
pub fn ToolTicks(chosen: Vec<String>, errors: Signal<FieldErrors>) -> impl IntoView {
    let own = Resource::new(|| (), |()| list_http_tools());
    let ticked = StoredValue::new(chosen);
    let is_ticked = move |name: &str| ticked.with_value(|chosen| chosen.iter().any(|known| known == name));
    let tick = move |at: usize, name: String, text: Option<String>| {
        let checked = Signal::stored(is_ticked(&name));
        let words = tool_words(&name).0;
        view! {
            <Checkbox name=format!("form[tools][{at}]") value=name checked>
                {words}
                {text.map(|text| view! { <small class="muted">{text}</small> })}
            </Checkbox>
        }
    };
    let built_in = BUILT_IN
        .iter()
        .enumerate()
        .map(|(at, name)| tick(at + 1, (*name).to_owned(), tool_words(name).1.map(str::to_owned)))
        .collect_view();
    view! {
        <section class="stack g4" aria-labelledby="h-tools">
            <div>
                <h2 id="h-tools" class="lede">{t(w::ASSISTANTS_TOOLS)}</h2>
                <p class="muted">{t(w::ASSISTANTS_TOOLS_TEXT)}" "<a href="/reception/tools">{t(w::ASSISTANTS_TOOLS_OWN)}</a></p>
            </div>
            <input type="hidden" name="form[tools][0]" value=""/>
            {built_in}
            <Loaded resource=own let:own>
                {own.into_iter().enumerate().map(|(at, tool)| tick(BUILT_IN.len() + 1 + at, tool.name, Some(tool.description))).collect_view()}
            </Loaded>
            <p class="error" role="status">{move || errors.with(|errors| errors.get("tools").map(field_message))}</p>
        </section>
    }
    .into_any()
}
