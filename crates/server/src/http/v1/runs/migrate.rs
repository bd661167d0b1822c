//! `GET /v1/runs/{run}/migration` and `POST /v1/runs/{run}/migrate`: whether a run can go on by the
//! version of its workflow that is in force, and letting it.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{MigrateIn, MigrationView};
use tenure_app::runs::migrate::{Migration, check, migrate};
use tenure_model::RunId;

use crate::http::v1::{Doors, runs};
use crate::http::{Caller, Json, Place, Refusal};

pub(crate) async fn check_handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
) -> Result<Answer<MigrationView>, Refusal> {
    Ok(Answer(view(check(&doors.cx(actor), run).await?)))
}

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(run): Place<RunId>,
    Json(MigrateIn { reason }): Json<MigrateIn>,
) -> Result<Answer<MigrationView>, Refusal> {
    Ok(Answer(view(migrate(&doors.cx(actor), run, reason).await?)))
}

fn view(migration: Migration) -> MigrationView {
    MigrationView {
        run: migration.run.id,
        from: runs::version(&migration.run.definition),
        to: runs::version(&migration.to),
        is_there: migration.is_there(),
        misfits: migration.misfits,
    }
}
