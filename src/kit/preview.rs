use super::*;
use crate::{i18n::{Locale, format::OrgClock}, shared::{session::Session, permission::*, error::*, ids::*}};
use leptos::prelude::*;
use leptos_router::{components::Router, location::RequestUrl};

#[component]
fn Gallery() -> impl IntoView {
    let now: chrono::DateTime<chrono::Utc> = "2026-03-12T16:12:00Z".parse().unwrap();
    let errors = Signal::stored(FieldErrors::one("phone", "phone.not_e164"));
    let open = RwSignal::new("a");
    let dialog = RwSignal::new(false);
    let confirmed = RwSignal::new(0);
    let toasts = use_toasts();
    let res = Resource::new(|| (), |_| async { Ok::<_, AppError>(vec![1, 2, 3]) });
    let res_bad = Resource::new(|| (), |_| async { Err::<Vec<i32>, _>(AppError::Conflict { code: "x".into() }) });
    view! {
        <PageFrame title="Aperçu">
            <PageHead title="Bonjour Camille" text=Signal::stored("Jeudi 12 mars".to_owned())>
                <Button kind=ButtonKind::Primary icon=icondata::LuPlus>"Nouveau"</Button>
                <Button>"Plain"</Button>
                <Button kind=ButtonKind::Dark>"Dark"</Button>
                <Button kind=ButtonKind::Danger>"Danger"</Button>
                <Button kind=ButtonKind::DangerSolid pending=true>"Solid"</Button>
                <ConfirmButton icon=icondata::LuPhoneOff on_confirm=move || confirmed.update(|n| *n += 1)>"Raccrocher"</ConfirmButton>
                <span id="confirmed">{move || confirmed.get()}</span>
                <Button on:click=move |_| dialog.set(true) attr:id="open-dialog">"Dialogue"</Button>
                <Button on:click=move |_| toasts.say_with_undo("Fait", move || confirmed.set(99)) attr:id="toast">"Toast"</Button>
                <Dialog open=dialog title="Supprimer cet enregistrement ?"><div class="body"><p>"Le son est effacé."</p></div><footer><Button on:click=move |_| dialog.set(false)>"Garder"</Button><Button kind=ButtonKind::DangerSolid>"Supprimer"</Button></footer></Dialog>
                <Loaded resource=res let:items><span id="loaded">{items.len()}</span></Loaded>
                <Loaded resource=res_bad let:items><span>{items.len()}</span></Loaded>
                <CopyButton text="abc".to_owned()/>
            </PageHead>
            <div class="cols">
                <TextInput name="name" label="Nom" value="Clinique".to_owned() hint="Montré aux appelants."/>
                <TextInput name="form[phone]" label="Téléphone" kind="tel" value="06 39".to_owned() errors/>
                <PasswordInput name="pw" label="Mot de passe" autocomplete="current-password" aside=view!{<a class="small muted" href="/x">"Oublié ?"</a>}.into_any()/>
                <Select name="lang" label="Langue" options=vec![("fr".to_owned(), "Français".to_owned()), ("en".to_owned(), "English".to_owned())] value="en".to_owned() optional=true/>
                <TextArea name="note" label="Note" value="Texte".to_owned()/>
                <div><Checkbox name="ok" checked=true>"J’accepte les "<a href="/terms">"conditions"</a></Checkbox>
                <Switch name="sw" label="Messagerie" hint="Quand personne ne répond" checked=true/>
                <Segmented name="seg" label="Période" options=vec![("a".to_owned(), "Jour".to_owned()), ("b".to_owned(), "Semaine".to_owned())] value="a".to_owned()/></div>
            </div>
            <div class="row wrap g5">
                {[RingState::Queued, RingState::Ringing, RingState::Live, RingState::Moved, RingState::Voicemail, RingState::Done, RingState::Missed, RingState::Failed].map(|s| view! { <Ring state=s word=s.class()/> }).into_iter().collect_view()}
                <Badge tone=Tone::Ok icon=icondata::LuCheck>"Publié"</Badge><Badge>"Neutre"</Badge><Avatar name="Camille Renard"/><AssistantAvatar/>
                <FilterChip name="Issue" value="Manqués" remove_href="/x"/>
                <Timer since=now-chrono::Duration::seconds(222) now/><RelativeTime at=now-chrono::Duration::minutes(5) now/><When at=now-chrono::Duration::days(1) now/>
            </div>
            <div class="cols">
                <Callout tone=Tone::Info title="Brouillon privé"><p>"Texte du message."</p></Callout>
                <ErrorBlock error=AppError::Internal { incident: IncidentId(uuid::Uuid::nil()) } retry=Callback::new(|()| ())/>
                <ErrorBlock error=AppError::RateLimited { retry_after_s: 90 }/>
            </div>
            <LinkTabs label="x" tabs=vec![("/a".into(), "Compte".into(), true), ("/b".into(), "Sécurité".into(), false)]/>
            <Tabs label="t" tabs=vec![("a", "Résumé".to_owned()), ("b", "Texte".to_owned())] selected=open/>
            <TabPanel id="a" selected=open>"Panneau"</TabPanel>
            <div class="card"><Table label="Appels"><thead><tr><SortHead label="Contact" sorted=Some(Sort::Descending) href="/x"/><SortHead label="Durée" sorted=None href="/x" end=true/></tr></thead><tbody><tr><td>"Nadia"</td><td class="r">"06:18"</td></tr></tbody></Table>
                <Skeleton lines=3 rows=true/>
                <Pager summary="1 à 50" newest_href=Some("/a".into()) older_href=Some("/b".into())/></div>
            <div class="cols">
                <div class="card"><Empty kind=EmptyKind::Unused title="Aucun appel" text="Les appels apparaissent ici."><Button>"Simuler un appel"</Button></Empty></div>
                <div class="card"><Empty kind=EmptyKind::NoMatch title="Rien ne correspond"/></div>
                <div class="card"><div class="stat"><span class="k">"Appels"</span><span class="v">"128"</span><Sparkline values=vec![1.0,3.0,2.0,5.0,4.0,8.0]/></div></div>
                <div class="card"><div class="body"><Bars finding="Le plus le mardi" bars=vec![Bar{label:"lun.".into(),value:12},Bar{label:"mar.".into(),value:18},Bar{label:"mer.".into(),value:3}]/></div></div>
                <div class="card"><div class="body"><Meter label="Minutes" ratio=0.64 words="x".to_owned() tone=Tone::Ok/></div></div>
            </div>
        </PageFrame>
    }.into_any()
}

fn session() -> Session {
    Session { account_id: AccountId(uuid::Uuid::nil()), account_name: "Camille Renard".into(), email: "camille@tilleuls.example".into(), email_confirmed: true, org_id: OrgId(uuid::Uuid::nil()), org_name: "Clinique des Tilleuls".into(), role: Role::Owner, permissions: Permission::ALL.to_vec(), locale: "fr".into(), timezone: "Europe/Paris".into(), utc_offset_minutes: 60, sandbox: true, has_demo_data: true }
}

#[component]
pub fn App() -> impl IntoView {
    use leptos_router::{components::{Routes, Route}, path};
    leptos_meta::provide_meta_context();
    provide_context(OrgClock::fixed(60));
    view! { <Router><Shell session=session() nav=crate::nav::NAV live_count=4u32>
        <Routes fallback=|| view!{<crate::site::NotFoundPage/>}>
            <Route path=path!("/live") view=Gallery/>
            <Route path=path!("/calls") view=|| view!{<PageFrame title="Appels"><Empty kind=EmptyKind::Unused title="Aucun appel"/></PageFrame>}/>
            <Route path=path!("/assistants") view=Gallery/>
        </Routes></Shell></Router> }.into_any()
}

#[cfg(feature="hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() { console_error_panic_hook::set_once(); leptos::mount::hydrate_body(App); }

#[cfg(feature="ssr")]
#[tokio::test]
async fn serve_preview() {
    use leptos_axum::LeptosRoutes;
    use leptos::hydration::HydrationScripts;
    let options = LeptosOptions::builder().output_name("zencall").site_root("/tmp/face-tools/site").build();
    let routes = leptos_axum::generate_route_list(App);
    let o2 = options.clone();
    let app = axum::Router::new().leptos_routes_with_context(&options, routes, || { provide_context(Locale::Fr); }, move || { let o = o2.clone(); view! {
        <!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width"/><link rel="stylesheet" href="/pkg/zencall.css"/><HydrationScripts options=o/><leptos_meta::MetaTags/></head><body><App/></body></html> } })
        .with_state(options)
        .merge(crate::site::server::Site::new("https://z", "/pkg/zencall.css").routes::<()>())
        .fallback_service(tower_http::services::ServeDir::new("/tmp/face-tools/site"));
    let l = tokio::net::TcpListener::bind("127.0.0.1:8898").await.unwrap();
    let secs: u64 = std::env::var("SECS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(secs), async { axum::serve(l, app).await }).await;
}
