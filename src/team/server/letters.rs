//! An invitation and its letter, written in one transaction.

use super::{
    jobs::SendLetter,
    store::{self, NewInvitation},
};
use crate::{
    platform::{
        OrgTx, crypto,
        mail::{Letter, Mail},
        queue::Opts,
    },
    shared::{error::AppError, ids::InvitationId, permission::RoleChoice},
    team::model::FreshInvitation,
};
use chrono::{DateTime, Duration, Utc};

/// How long a link is good.
const GOOD_FOR: Duration = Duration::days(7);

/// What the letters of one step have in common.
pub(super) struct Sender {
    organisation: String,
    locale: String,
    inviter: String,
}

/// Whom a letter is for.
pub(super) struct Addressed<'a> {
    pub email: &'a str,
    pub role: RoleChoice,
    /// Absent: the organisation's language.
    pub locale: Option<&'a str>,
    /// When it leaves, when that is not at once.
    pub at: Option<DateTime<Utc>>,
}

impl Sender {
    pub(super) async fn of(tx: &mut OrgTx<'_>) -> Result<Self, AppError> {
        let (organisation, locale) = store::house(tx).await?;
        let inviter = match tx.scope().account() {
            Some(account) => store::name_of(tx, account).await?.unwrap_or_default(),
            None => organisation.clone(),
        };
        Ok(Self { organisation, locale, inviter })
    }

    /// Writes both. The link is good for a week from when its letter leaves.
    pub(super) async fn write(&self, tx: &mut OrgTx<'_>, id: InvitationId, to: &Addressed<'_>) -> Result<FreshInvitation, AppError> {
        let core = tx.scope().core().clone();
        let (now, token) = (core.clock.now(), crypto::token());
        let (hash, sent_at) = (crypto::token_hash(&token), to.at.unwrap_or(now));
        let new = NewInvitation { id, email: to.email, role: to.role, token_hash: &hash, sent_at, expires_at: sent_at + GOOD_FOR };
        let id = store::insert(tx, &new).await?;
        let url = core.config.public_url.join(&format!("join/{token}")).map_err(AppError::internal)?.to_string();
        let letter = Letter::Invitation {
            inviter: self.inviter.clone(),
            organisation: self.organisation.clone(),
            url: url.clone(),
            valid_days: u32::try_from(GOOD_FOR.num_days()).unwrap_or(7),
        };
        let mail = Mail { to: to.email.to_owned(), locale: to.locale.unwrap_or(&self.locale).to_owned(), letter };
        match to.at {
            // What leaves later is looked at again then: the invitation may be taken back, or sent again by hand.
            Some(at) => {
                let org = tx.scope().org();
                tx.enqueue(&SendLetter { org, invitation: id, token_hash: hex::encode(&hash), mail }, Opts::default().at(at)).await?
            }
            None => tx.enqueue(&mail, Opts::default()).await?,
        };
        Ok(FreshInvitation { id, email: to.email.to_owned(), url })
    }
}
