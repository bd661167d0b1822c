//! Campaigns of reviews, as they are counted.

pub(super) mod list;
pub(super) mod show;

use tenure_api::{ReviewQuestionsView, ReviewThingsView, ReviewView, ReviewerView};
use tenure_app::reviews::{Campaign, Questions, Reviewer, Things};

fn view(campaign: Campaign) -> ReviewView {
    ReviewView {
        workflow: campaign.workflow,
        since: campaign.since,
        people: campaign.people,
        more: campaign.more,
        runs: campaign.runs.iter().map(|(status, runs)| (status.word().to_owned(), *runs)).collect(),
        questions: questions(campaign.questions),
        things: campaign.things.map(things),
        reviewers: campaign.reviewers.into_iter().map(reviewer).collect(),
    }
}

fn questions(counts: Questions) -> ReviewQuestionsView {
    let Questions { asked, decided, open, overdue, reminded, unanswered } = counts;
    ReviewQuestionsView { asked, decided, open, overdue, reminded, unanswered }
}

fn things(counts: Things) -> ReviewThingsView {
    let Things { shown, undecided, kept, going, gone, objected, withheld } = counts;
    ReviewThingsView { shown, undecided, kept, going, gone, objected, withheld }
}

fn reviewer(one: Reviewer) -> ReviewerView {
    let Reviewer { whom, questions: counts, kept, chosen, last_at } = one;
    ReviewerView { reviewer: whom, questions: questions(counts), kept, chosen, last_at }
}
