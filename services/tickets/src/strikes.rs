//! What a report in bad faith is to who made it: a strike, told in words, lifted when an appeal is granted. Nobody is punished by it.
use chassis::faults::Fault;
use proto::tickets::v1::ticket::State::{Coordination, Invalid};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Tickets,
    followers::Told,
    inbox::read_already,
    notices::appeal_hours,
    store::{
        inbox::{NewWord, insert_words},
        strike::{self, NewStrike},
    },
};

/// Keeps the strikes of these changes, and tells them.
pub async fn keep(tickets: &Tickets, connection: &mut PgConnection, told: &[Told]) -> Result<(), Fault> {
    let mut words = Vec::new();
    for told in told {
        let changed = &told.changed;
        if changed.transition == "T25" && changed.malicious {
            let person_id = changed.reporter_id.parse().map_err(Fault::internal)?;
            strike::keep(connection, &struck(told, person_id)).await?;
            let hours = appeal_hours(tickets, told.district_id);
            let text = format!(
                "您上报的 {} 经两人确认为恶意上报，已记录一次，不自动处罚；如有异议，{hours} 小时内可对该工单申诉，申诉成立即撤销",
                changed.number
            );
            words.push(word(tickets, told, person_id, text));
        }
        let (from, to) = (changed.from_state(), changed.to_state());
        if from == Coordination && ![Coordination, Invalid].contains(&to) {
            let which = (told.district_id, told.ticket_id);
            let lifted = strike::lift(connection, which, (changed.sequence, told.at)).await?;
            words.extend(lifted.map(|(person_id, number)| {
                word(tickets, told, person_id, format!("您对 {number} 的申诉成立，恶意上报的记录已撤销"))
            }));
        }
    }
    Ok(insert_words(connection, &words).await?)
}

fn struck(told: &Told, person_id: Uuid) -> NewStrike {
    NewStrike {
        district_id: told.district_id,
        ticket_id: told.ticket_id,
        sequence: told.changed.sequence,
        person_id,
        number: told.changed.number.clone(),
        place_path: told.changed.place_path.clone(),
        at: told.at,
    }
}

fn word(tickets: &Tickets, told: &Told, person_id: Uuid, text: String) -> NewWord {
    NewWord {
        district_id: told.district_id,
        person_id,
        cause: format!("strike {}/{}", told.ticket_id, told.changed.sequence),
        text,
        at: told.at,
        read_at: read_already(told.at, tickets.clock.now()),
    }
}
