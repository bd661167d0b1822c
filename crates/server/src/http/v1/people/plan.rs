//! `GET /v1/people/{person}/plan`: what would be done for a person now.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{ChangeView, GrantWish, PlanView, StoppedView};
use tenure_app::people::plan::plan;
use tenure_policy::plan::{Action, Change, Desired, Presence, Stopped};

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(person): Place<String>,
) -> Result<Answer<PlanView>, Refusal> {
    let (person, plan) = plan(&doors.cx(actor), person).await?;
    Ok(Answer(PlanView {
        person,
        presence: word(plan.presence).to_owned(),
        desired: plan.desired.into_iter().map(wish).collect(),
        changes: plan.changes.into_iter().map(change).collect(),
        stopped: plan.stopped.into_iter().map(stopped).collect(),
        findings: plan.findings.iter().map(ToString::to_string).collect(),
    }))
}

fn word(presence: Presence) -> &'static str {
    match presence {
        Presence::Here => "here",
        Presence::Coming => "coming",
        Presence::Over => "over",
        Presence::Unheard => "unheard",
    }
}

fn stopped(stopped: Stopped) -> StoppedView {
    let Stopped { connection, entitlement, rule, effect, why, reason: _, grant: _ } = stopped;
    StoppedView { connection, entitlement, rule, effect: effect.word().to_owned(), why }
}

fn wish(desired: Desired) -> GrantWish {
    let Desired { connection, entitlement, reason, until, grant: _ } = desired;
    GrantWish { connection, entitlement, reason: reason.to_string(), until }
}

fn change(change: Change) -> ChangeView {
    let word = change.action.word().to_owned();
    let entitlement = match change.action {
        Action::RemoveEntitlement { entitlement, .. } | Action::AddEntitlement { entitlement, .. } => Some(entitlement),
        Action::DisableAccount { .. }
        | Action::DeleteAccount { .. }
        | Action::CreateAccount { .. }
        | Action::RestoreAccount { .. }
        | Action::EnableAccount { .. }
        | Action::SetAttributes { .. } => None,
    };
    ChangeView { connection: change.connection, change: word, entitlement, why: change.why }
}
