//! Notices that did not arrive.

pub(super) mod drop;
pub(super) mod list;
pub(super) mod retry;

use tenure_api::NoticeView;
use tenure_app::notices::list::Shown;
use tenure_store::notices::Standing;

fn view(Shown { row, told }: Shown) -> NoticeView {
    let notice = row.notice;
    NoticeView {
        id: notice.id,
        kind: told.kind,
        channel: notice.channel,
        notice: told.notice.map(String::from),
        to: told.to,
        state: row.standing.word().to_owned(),
        attempts: notice.attempts,
        reason: row.reason,
        created_at: notice.created_at,
        next_try: (row.standing == Standing::Waiting).then_some(notice.due),
    }
}
