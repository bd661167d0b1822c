//! `POST /v1/whatif/rule`: what other rules would change for everybody.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{AccessChange, EntitlementChange, FieldError, LeftOut, PageQuery, WhatIfIn, WhatIfView};
use tenure_app::access::what_if::{Changed, NamedChange, Part, WhatIf, what_if};
use tenure_blueprint::Estate;
use tenure_policy::Role;

use crate::http::v1::Doors;
use crate::http::{Caller, Json, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(asked): Json<WhatIfIn>,
) -> Result<Answer<WhatIfView>, Refusal> {
    let roles = asked.document.as_deref().map_or(Ok(Vec::new()), roles)?;
    let query = PageQuery { after: None, limit: asked.limit };
    let limit = query.items(doors.page_items_max).map_err(|error| Refusal::fields(vec![error]))?;
    let part = Part { skip: asked.skip as usize, limit: limit as usize };
    let told = what_if(&doors.cx(actor), roles, asked.without, part).await?;
    Ok(Answer(view(told)))
}

/// The roles of the text, or everything that is wrong with it.
fn roles(text: &str) -> Result<Vec<Role>, Refusal> {
    let wrong = |problem: tenure_blueprint::Problem| FieldError::new("/document", problem.to_string());
    Estate::roles("document", text).map_err(|problems| Refusal::fields(problems.into_iter().map(wrong).collect()))
}

fn view(told: WhatIf) -> WhatIfView {
    WhatIfView {
        at: told.at,
        people: told.people as u64,
        people_gaining: told.people_gaining as u64,
        people_losing: told.people_losing as u64,
        entitlements: told.entitlements.into_iter().map(entitlement).collect(),
        changes: told.changes.into_iter().map(change).collect(),
        next: told.next.map(|next| next as u64),
        left_out: told.left_out.into_iter().map(|(role, why)| LeftOut { role, why }).collect(),
    }
}

fn entitlement(changed: Changed) -> EntitlementChange {
    EntitlementChange {
        connection: changed.entitlement.connection,
        entitlement: changed.entitlement.entitlement,
        gain: changed.gain as u64,
        lose: changed.lose as u64,
        after: changed.after as u64,
    }
}

fn change(change: NamedChange) -> AccessChange {
    AccessChange {
        change: if change.gains { "gain" } else { "lose" }.to_owned(),
        person: change.who.person,
        display_name: change.who.display_name,
        connection: change.entitlement.connection,
        entitlement: change.entitlement.entitlement,
    }
}
