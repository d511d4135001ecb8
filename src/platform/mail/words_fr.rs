//! Every letter in French: vous, and a no-break space before double punctuation.

use chrono::{DateTime, Datelike, Utc};

use super::letter::{Action, Letter, Words, keys_of, polite_name, single_line};

pub(super) fn words(letter: &Letter) -> Words {
    match letter {
        Letter::ConfirmAddress { name, url, valid_hours } => Words {
            subject: "Confirmez votre adresse e-mail".into(),
            preheader: "Un clic, et votre compte Zencall est prêt.".into(),
            title: "Confirmez votre adresse e-mail".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Merci de votre inscription. Confirmez que cette adresse est bien la vôtre\u{a0}: c’est là que nous vous écrirons quand quelque chose vous attend.".into(),
                format!("Le lien est valable {}.", count(*valid_hours, "heure")),
            ],
            action: Some(Action { label: "Confirmer mon adresse", url: url.clone() }),
            after: vec!["Si vous ne vous êtes pas inscrit à Zencall, ignorez ce message\u{a0}: il ne se passera rien.".into()],
            ..frame()
        },
        Letter::AlreadyRegistered { name, sign_in_url, reset_url } => Words {
            subject: "Vous avez déjà un compte Zencall".into(),
            preheader: "Quelqu’un, sans doute vous, a voulu s’inscrire avec cette adresse.".into(),
            title: "Vous avez déjà un compte".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Quelqu’un, sans doute vous, a voulu s’inscrire avec cette adresse. Elle a déjà un compte\u{a0}; rien n’a donc changé. Il vous suffit de vous connecter.".into(),
            ],
            action: Some(Action { label: "Me connecter", url: sign_in_url.clone() }),
            after: vec![
                format!("Mot de passe oublié\u{a0}? Choisissez-en un nouveau ici\u{a0}: {reset_url}"),
                "Si ce n’était pas vous, ignorez ce message. Personne n’a eu accès à votre compte.".into(),
            ],
            ..frame()
        },
        Letter::ResetPassword { name, url, valid_minutes } => Words {
            subject: "Choisissez un nouveau mot de passe".into(),
            preheader: format!("Le lien sert une seule fois, pendant {}.", count(*valid_minutes, "minute")),
            title: "Choisissez un nouveau mot de passe".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Vous avez demandé un nouveau mot de passe. Ce lien vous permet de le choisir.".into(),
                format!("Le lien sert une seule fois, pendant {}.", count(*valid_minutes, "minute")),
            ],
            action: Some(Action { label: "Choisir un mot de passe", url: url.clone() }),
            after: vec!["Si vous n’avez rien demandé, ignorez ce message. Votre mot de passe ne change pas.".into()],
            ..frame()
        },
        Letter::PasswordChanged { name, at, reset_url } => Words {
            subject: "Votre mot de passe a été modifié".into(),
            preheader: "Si ce n’était pas vous, agissez maintenant.".into(),
            title: "Votre mot de passe a été modifié".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("Le mot de passe de votre compte Zencall a été modifié le {}.", moment(*at)),
                "Si c’était vous, il n’y a rien à faire. Sinon, choisissez tout de suite un nouveau mot de passe\u{a0}: toutes les sessions ouvertes seront fermées.".into(),
            ],
            action: Some(Action { label: "Ce n’était pas moi", url: reset_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::ConfirmNewAddress { name, url, valid_hours } => Words {
            subject: "Confirmez votre nouvelle adresse e-mail".into(),
            preheader: "D’ici là, l’ancienne adresse reste en service.".into(),
            title: "Confirmez votre nouvelle adresse".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Vous avez demandé à utiliser cette adresse pour votre compte Zencall. Tant que vous ne l’avez pas confirmée, l’ancienne reste en service.".into(),
                format!("Le lien est valable {}.", count(*valid_hours, "heure")),
            ],
            action: Some(Action { label: "Utiliser cette adresse", url: url.clone() }),
            after: vec!["Si vous ne connaissez pas Zencall, ignorez ce message\u{a0}: il ne se passera rien.".into()],
            ..frame()
        },
        Letter::AddressChanged { name, new_address, at, support_url } => Words {
            subject: "L’adresse de votre compte change".into(),
            preheader: "Si ce n’était pas vous, agissez maintenant.".into(),
            title: "L’adresse de votre compte change".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("Le {}, une nouvelle adresse a été indiquée pour votre compte Zencall\u{a0}: {}.", moment(*at), single_line(new_address)),
                "Si c’était vous, il n’y a rien à faire ici. Sinon, prévenez-nous tout de suite pour que nous protégions votre compte.".into(),
            ],
            action: Some(Action { label: "Ce n’était pas moi", url: support_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::NewSignIn { name, device, ip, at, sessions_url } => Words {
            subject: "Nouvelle connexion à votre compte".into(),
            preheader: "Depuis un appareil que nous ne connaissions pas.".into(),
            title: "Nouvelle connexion".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Quelqu’un s’est connecté à votre compte depuis un appareil que nous ne connaissions pas.".into(),
                format!("Quand\u{a0}: {}", moment(*at)),
                format!("Appareil\u{a0}: {}", single_line(device)),
                format!("Adresse réseau\u{a0}: {}", single_line(ip)),
            ],
            action: Some(Action { label: "Voir mes sessions", url: sessions_url.clone() }),
            after: vec!["Si ce n’était pas vous, fermez cette session et changez votre mot de passe.".into()],
            ..frame()
        },
        Letter::GoogleConnected { name, google, at, security_url } => Words {
            subject: "Un compte Google ouvre maintenant votre compte".into(),
            preheader: "Si ce n’était pas vous, agissez maintenant.".into(),
            title: "Compte Google relié".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("Depuis le {}, vous pouvez vous connecter à Zencall avec le compte Google {}.", moment(*at), single_line(google)),
                "Si c’était vous, il n’y a rien à faire. Sinon, déconnectez ce compte et changez votre mot de passe.".into(),
            ],
            action: Some(Action { label: "Voir ma sécurité", url: security_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::Work { name, by, is_mention, url } => {
            let by = polite_name(by);
            let sentence = match (is_mention, &by) {
                (true, Some(by)) => format!("{by} vous a mentionné dans une note d’appel."),
                (true, None) => "Une note d’appel vous mentionne.".into(),
                (false, Some(by)) => format!("{by} vous a confié un appel."),
                (false, None) => "Un appel vous a été confié.".into(),
            };
            Words {
                subject: if *is_mention { "Une note d’appel vous mentionne".into() } else { "Un appel vous est confié".into() },
                preheader: sentence.clone(),
                title: if *is_mention { "Une note vous mentionne".into() } else { "Un appel vous est confié".into() },
                greeting: hello(name),
                paragraphs: vec![sentence],
                action: Some(Action { label: "Ouvrir l’appel", url: url.clone() }),
                after: vec!["Ces messages se coupent dans vos réglages, à la page Équipes.".into()],
                ..frame()
            }
        }
        Letter::KeysUnused { name, organisation, keys, days, url } => {
            let (named, more) = keys_of(keys);
            let organisation = polite_name(organisation).unwrap_or_else(|| "Votre organisation".into());
            let title = match keys.len() {
                1 => format!("Une clé d’API n’a pas servi depuis {}", count(*days, "jour")),
                n => format!("{n} clés d’API n’ont pas servi depuis {}", count(*days, "jour")),
            };
            let more = if more == 0 { String::new() } else { format!(" et {more} de plus") };
            Words {
                subject: title.clone(),
                preheader: format!("{organisation}\u{a0}: {named}"),
                title,
                greeting: hello(name),
                paragraphs: vec![
                    format!("{organisation}\u{a0}: aucun programme n’a présenté {named}{more}."),
                    "Une clé dont personne ne se sert est une clé dont personne ne remarque le vol\u{a0}: révoquez-la, sauf si un programme en a encore besoin.".into(),
                    "Chaque clé n’est signalée qu’une fois, puis de nouveau seulement si elle a servi entre-temps.".into(),
                ],
                action: Some(Action { label: "Voir les clés", url: url.clone() }),
                ..frame()
            }
        }
        Letter::WebhookFailing { name, host, days, is_disabled, url } => {
            let what = match (*is_disabled, *days) {
                (true, 0) => "Il a répondu qu’il n’existe plus (410)\u{a0}: plus rien ne lui est envoyé.".to_owned(),
                (true, days) => format!("Il est en échec depuis {}\u{a0}: plus rien ne lui est envoyé.", count(days, "jour")),
                (false, days) => {
                    format!("Tous les essais échouent depuis {}. Au bout de cinq jours, plus rien ne lui sera envoyé.", count(days, "jour"))
                }
            };
            let title = if *is_disabled { "Un point d’arrivée de webhooks a été désactivé" } else { "Un point d’arrivée de webhooks est en échec" };
            Words {
                subject: title.into(),
                preheader: what.clone(),
                title: title.into(),
                greeting: hello(name),
                paragraphs: vec![
                    format!("Il s’agit du point d’arrivée {host}."),
                    what,
                    "Ce qui n’a pas pu être livré est conservé 30 jours\u{a0}: dès qu’il répond à nouveau, un clic suffit pour le rattraper.".into(),
                ],
                action: Some(Action { label: "Voir les essais", url: url.clone() }),
                ..frame()
            }
        }
        Letter::Invitation { inviter, organisation, url, valid_days } => {
            let inviter = polite_name(inviter).unwrap_or_else(|| "Un collègue".into());
            let organisation = polite_name(organisation).unwrap_or_else(|| "son organisation".into());
            Words {
                subject: format!("{inviter} vous invite sur Zencall"),
                preheader: format!("Rejoignez {organisation} sur Zencall."),
                title: format!("Rejoignez {organisation}"),
                greeting: hello(""),
                paragraphs: vec![
                    format!("{inviter} vous invite à travailler avec {organisation} sur Zencall, où des assistants répondent au téléphone et où l’équipe prend le relais."),
                    format!("L’invitation est valable {}.", count(*valid_days, "jour")),
                ],
                action: Some(Action { label: "Accepter l’invitation", url: url.clone() }),
                after: vec!["Si vous n’attendiez pas cette invitation, ignorez ce message.".into()],
                ..frame()
            }
        }
    }
}

fn frame() -> Words {
    Words {
        subject: String::new(),
        preheader: String::new(),
        title: String::new(),
        greeting: String::new(),
        paragraphs: vec![],
        action: None,
        link_hint: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u{a0}:",
        after: vec![],
        footer: "Ce message vous est envoyé par Zencall à la suite d’un événement sur un compte. Les réponses ne sont pas lues.",
    }
}

fn hello(name: &str) -> String {
    polite_name(name).map_or_else(|| "Bonjour,".into(), |name| format!("Bonjour {name},"))
}

fn count(number: u32, unit: &str) -> String {
    format!("{number}\u{a0}{unit}{}", if number < 2 { "" } else { "s" })
}

/// `22 novembre 2026 à 14 h 05 (UTC)`
fn moment(at: DateTime<Utc>) -> String {
    const MONTHS: [&str; 12] =
        ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"];
    let day = if at.day() == 1 { "1er".to_owned() } else { at.day().to_string() };
    let month = MONTHS[at.month0() as usize];
    format!("{day}\u{a0}{month} {} à {} (UTC)", at.year(), at.format("%-H\u{a0}h\u{a0}%M"))
}
