//! `POST /v1/plans`: asks what documents, or a date, would come to.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use tenure_api::{PlanIn, SetPlanView};
use tenure_app::plans::Asked;
use tenure_app::plans::make::make;

use crate::http::v1::{Doors, plans};
use crate::http::{Caller, Json, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Json(wish): Json<PlanIn>,
) -> Result<(StatusCode, Answer<SetPlanView>), Refusal> {
    let files = wish.files.map(|files| files.into_iter().map(|file| (file.path, file.text)).collect());
    let asked = Asked { at: wish.at, people: Vec::new(), people_max: wish.people_max, writes_max: wish.writes_max };
    let plan = make(&doors.cx(actor), files, wish.people, asked).await?;
    Ok((StatusCode::ACCEPTED, Answer(plans::view(plan, None))))
}
