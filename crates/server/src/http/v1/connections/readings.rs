//! `GET /v1/connections/{connection}/source-readings`: the last readings of a source.

use axum::Json as Answer;
use axum::extract::State;
use tenure_api::{ReadingCount, SourceReadingView};
use tenure_app::sources::Report;
use tenure_app::sources::list::list;
use tenure_model::ConnectionName;

use crate::http::v1::Doors;
use crate::http::{Caller, Place, Refusal};

pub(crate) async fn handler(
    State(doors): State<Doors>,
    Caller(actor): Caller,
    Place(connection): Place<ConnectionName>,
) -> Result<Answer<Vec<SourceReadingView>>, Refusal> {
    let readings = list(&doors.cx(actor), &connection).await?;
    Ok(Answer(readings.into_iter().map(view).collect()))
}

pub(super) fn view(report: Report) -> SourceReadingView {
    let Report { row, found, failure, verdict, applied } = report;
    SourceReadingView {
        number: row.number,
        state: row.stage.word().to_owned(),
        started_at: row.started_at,
        touched_at: row.touched_at,
        failure,
        rows: found.rows,
        known: found.known,
        found: ReadingCount { new: found.new, changed: found.changed, gone: found.gone },
        taken: ReadingCount { new: applied.new, changed: applied.changed, gone: applied.gone },
        withheld: applied.withheld,
        why: verdict.reasons.into_iter().map(|reason| reason.sentence).collect(),
        quarantined: applied.quarantined,
        quarantined_first: applied.quarantined_first,
        answer: row.answer,
    }
}
