//! What the village knows and decides, under one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use loadgen::world::{Facts, World};
use protocol::token::Claims;
use protocol::{
    Ask, Assignment, BoardRow, BoardSlot, Cursor, Happening, NewVacancy, News, Offer, Outcome,
    Push, Receipt, RefusalCode, Refused, RequestId, Role, ServerMessage, Standing, TierCause,
    Unassignment, VacancyKey, What, Withdrawal,
};
use tokio::sync::mpsc::UnboundedSender;

use super::{FAULT_SEQUENCE, Fault, now_us};

pub(super) struct Books {
    pub(super) fault: Fault,
    fault_fired: bool,
    world: World,
    sequence: u64,
    step: u32,
    pub(super) vacancies: BTreeMap<VacancyKey, Posted>,
    agencies: HashMap<String, String>,
    lines: HashMap<String, UnboundedSender<ServerMessage>>,
    histories: HashMap<String, Vec<Push>>,
    pub(super) answers: HashMap<RequestId, Outcome>,
}

pub(super) struct Posted {
    vacancy: NewVacancy,
    facts: Facts,
    pub(super) tier: u8,
    round: u32,
    pub(super) standing: Standing,
    holders: Vec<Option<(String, Receipt)>>,
    offered: BTreeSet<String>,
    returned: BTreeSet<String>,
    place: u32,
    doubled: bool,
}

impl Books {
    pub(super) fn new(fault: Fault) -> Books {
        Books {
            fault,
            fault_fired: false,
            world: World::default(),
            sequence: 0,
            step: 0,
            vacancies: BTreeMap::new(),
            agencies: HashMap::new(),
            lines: HashMap::new(),
            histories: HashMap::new(),
            answers: HashMap::new(),
        }
    }

    pub(super) fn join(
        &mut self,
        who: &Claims,
        resume: Option<Cursor>,
        line: &UnboundedSender<ServerMessage>,
    ) {
        let history = self.histories.entry(who.subject.clone()).or_default();
        // A first session has missed nothing: whatever stands was offered to earlier ones.
        let after = resume.unwrap_or(Cursor {
            sequence: u64::MAX,
            step: 0,
        });
        for push in history.iter().filter(|push| push.cursor > after) {
            let _gone = line.send(ServerMessage::Push(push.clone()));
        }
        let cursor = Cursor {
            sequence: self.sequence,
            step: self.step,
        };
        let _gone = line.send(ServerMessage::Synced { cursor });
        self.lines.insert(who.subject.clone(), line.clone());
        if who.role == Role::Coordinator {
            let agency = who.agency.clone().unwrap_or_default();
            self.agencies.insert(agency, who.subject.clone());
        }
    }

    /// Whether a one-off fault happens now.
    pub(super) fn fires(&mut self, fault: Fault) -> bool {
        let now = self.fault == fault && !self.fault_fired && self.sequence >= FAULT_SEQUENCE;
        self.fault_fired |= now;
        now
    }

    pub(super) fn record(&mut self) -> u64 {
        self.sequence += 1;
        self.step = 0;
        self.sequence
    }

    fn push(&mut self, subject: &str, news: News) {
        match (self.fault, &news) {
            (Fault::TellsNoWinner, News::Assigned(_))
            | (Fault::TellsNoLoser, News::Withdrawn { .. }) => return,
            _ => {}
        }
        self.step += 1;
        let cursor = Cursor {
            sequence: self.sequence,
            step: self.step,
        };
        let push = Push { cursor, news };
        let history = self.histories.entry(subject.to_owned()).or_default();
        history.push(push.clone());
        let offers = matches!(push.news, News::Offered(_));
        let twice = offers && self.fires(Fault::RepeatsAPush);
        if let Some(line) = self.lines.get(subject) {
            if twice {
                let _gone = line.send(ServerMessage::Push(push.clone()));
            }
            let _gone = line.send(ServerMessage::Push(push));
        }
    }

    fn happened(&mut self, vacancy: VacancyKey, what: What) {
        let lead = self.vacancies[&vacancy].vacancy.lead.clone();
        let Some(desk) = self.agencies.get(&lead).cloned() else {
            return;
        };
        let at_us = now_us();
        self.push(
            &desk,
            News::Happened(Happening {
                vacancy,
                lead,
                at_us,
                what,
            }),
        );
    }

    pub(super) fn decide(&mut self, who: &Claims, ask: Ask) -> Outcome {
        match ask {
            Ask::Roster { changes } => {
                let mut world = self.world.clone();
                if changes.iter().any(|change| world.apply(change).is_err()) {
                    return Outcome::Refused(refused(RefusalCode::AlreadyExists));
                }
                self.world = world;
                let sequence = self.record();
                Outcome::Done { sequence }
            }
            Ask::Publish(vacancy) => self.publish(vacancy),
            Ask::Accept { vacancy, .. } => self.accept(&who.subject, vacancy),
            Ask::Decline { .. } => Outcome::Done {
                sequence: self.record(),
            },
            Ask::Release { vacancy } => self.vacate(vacancy, &who.subject, Unassignment::Released),
            Ask::Recall { vacancy, badge } => self.vacate(vacancy, &badge, Unassignment::Recalled),
            Ask::Cancel { vacancy, reason } => self.cancel(vacancy, reason),
            Ask::Board => {
                let own = |posted: &&Posted| who.agency.as_ref() == Some(&posted.vacancy.lead);
                let rows = self
                    .vacancies
                    .values()
                    .filter(own)
                    .map(Posted::row)
                    .collect();
                Outcome::Board { rows }
            }
            Ask::Punch { .. }
            | Ask::OpenNextTier { .. }
            | Ask::Why { .. }
            | Ask::Amend(_)
            | Ask::PublishAll { .. }
            | Ask::Preview(_)
            | Ask::PutGrant(_)
            | Ask::Grant { .. }
            | Ask::ApproveLastTier { .. }
            | Ask::Undo { .. }
            | Ask::JoinStandby { .. }
            | Ask::LeaveStandby { .. }
            | Ask::Job { .. }
            | Ask::Denial(_)
            | Ask::Jobs(_)
            | Ask::Restaff { .. } => Outcome::Refused(refused(RefusalCode::NotAllowed)),
            Ask::Afterwards(_) | Ask::Read(_) => Outcome::Refused(refused(RefusalCode::NotAllowed)),
        }
    }

    fn publish(&mut self, vacancy: NewVacancy) -> Outcome {
        let Ok(facts) = self.world.facts(&vacancy) else {
            return Outcome::Refused(refused(RefusalCode::Unknown));
        };
        let sequence = self.record();
        let key = vacancy.key;
        self.vacancies.insert(
            key,
            Posted {
                holders: vec![None; vacancy.slots.len()],
                vacancy,
                facts,
                tier: 0,
                round: 1,
                standing: Standing::Open,
                offered: BTreeSet::new(),
                returned: BTreeSet::new(),
                place: 0,
                doubled: false,
            },
        );
        if self.open_tier(key, 0, TierCause::Published) == 0 {
            self.open_tier(key, 1, TierCause::NoEligibleOfficer);
        }
        Outcome::Done { sequence }
    }

    pub(super) fn open_tier(&mut self, key: VacancyKey, tier: u8, because: TierCause) -> usize {
        let to: Vec<(String, u8)> = self.eligible(key, |belongs| belongs == tier);
        self.vacancies.get_mut(&key).unwrap().tier = tier;
        let recipients = to.len() as u32;
        self.happened(
            key,
            What::TierOpened {
                tier,
                because,
                recipients,
            },
        );
        self.offer(key, &to);
        to.len()
    }

    /// Who may be asked in tiers that the predicate admits, each with their tier.
    fn eligible(&self, key: VacancyKey, tier: impl Fn(u8) -> bool) -> Vec<(String, u8)> {
        let posted = &self.vacancies[&key];
        let judged = |badge: &str| {
            let lead = Some(posted.vacancy.lead.as_str());
            if self.fault == Fault::OffersToEverybody && self.world.home_agency(badge) == lead {
                return Some(0);
            }
            let judged = self.world.judge(badge, &posted.facts, now_us()).ok()?;
            let free = !self.is_engaged(badge, &posted.facts);
            (free && !posted.returned.contains(badge)).then_some(judged)
        };
        let badges = self.world.badges();
        let eligible = badges.filter_map(|badge| Some((badge.to_owned(), judged(badge)?)));
        eligible.filter(|(_, belongs)| tier(*belongs)).collect()
    }

    fn is_engaged(&self, badge: &str, facts: &Facts) -> bool {
        self.vacancies.values().any(|posted| {
            let holds = |holder: &Option<(String, Receipt)>| {
                holder.as_ref().is_some_and(|(holder, _)| holder == badge)
            };
            posted.holders.iter().any(holds) && posted.facts.overlaps(facts)
        })
    }

    fn offer(&mut self, key: VacancyKey, to: &[(String, u8)]) {
        for (badge, tier) in to {
            let posted = self.vacancies.get_mut(&key).unwrap();
            posted.offered.insert(badge.clone());
            let offer = posted.offer(*tier);
            if !self.fires(Fault::SkipsAPush) {
                self.push(badge, News::Offered(offer));
            }
        }
    }

    fn accept(&mut self, badge: &str, key: VacancyKey) -> Outcome {
        let Some(posted) = self.vacancies.get(&key) else {
            return Outcome::Refused(refused(RefusalCode::Unknown));
        };
        let rank_slots = posted.vacancy.slots.iter().enumerate();
        let open = rank_slots.clone().find(|(slot, rank)| {
            posted.holders[*slot].is_none() && self.world_rank(badge, &posted.facts, **rank)
        });
        let doubled = self.fault == Fault::DoubleFill && !posted.doubled;
        let slot = match (posted.standing, open) {
            (Standing::Cancelled, _) => return Outcome::Lost(refused(RefusalCode::Cancelled)),
            (_, Some((slot, _))) => slot,
            (Standing::Filled, None) if doubled => 0,
            (_, None) => return Outcome::Lost(refused(RefusalCode::Filled)),
        };
        if self.fault != Fault::NeverLooksAgain {
            if self.world.judge(badge, &posted.facts, now_us()).is_err() {
                return Outcome::Lost(refused(RefusalCode::NotEligible));
            }
            if self.is_engaged(badge, &posted.facts) {
                return Outcome::Lost(refused(RefusalCode::Overlaps));
            }
        }
        self.award(badge, key, slot)
    }

    fn award(&mut self, badge: &str, key: VacancyKey, slot: usize) -> Outcome {
        let sequence = self.record();
        let posted = self.vacancies.get_mut(&key).unwrap();
        posted.place += 1;
        posted.doubled |= posted.holders[slot].is_some();
        let receipt = Receipt {
            vacancy: key,
            slot: slot as u16,
            place: posted.place,
            sequence,
            cover: "msa".to_owned(),
            awarded_at_us: now_us(),
        };
        posted.holders[slot] = Some((badge.to_owned(), receipt.clone()));
        let slots_open = posted
            .holders
            .iter()
            .filter(|holder| holder.is_none())
            .count() as u16;
        let mut told = Vec::new();
        if slots_open == 0 {
            posted.standing = Standing::Filled;
            told = posted
                .offered
                .iter()
                .filter(|other| *other != badge)
                .cloned()
                .collect();
        }
        let (vacancy, because) = (key, Withdrawal::Filled);
        self.happened(
            key,
            What::Awarded {
                slot: slot as u16,
                badge: badge.to_owned(),
                place: receipt.place,
                cover: "msa".to_owned(),
                slots_open,
            },
        );
        let assignment = Assignment {
            receipt: receipt.clone(),
            segments: Vec::new(),
            post_orders: String::new(),
        };
        self.push(badge, News::Assigned(assignment));
        for other in told {
            self.push(&other, News::Withdrawn { vacancy, because });
        }
        Outcome::Won(receipt)
    }

    fn vacate(&mut self, key: VacancyKey, badge: &str, because: Unassignment) -> Outcome {
        let Some(posted) = self.vacancies.get_mut(&key) else {
            return Outcome::Refused(refused(RefusalCode::Unknown));
        };
        let held = posted
            .holders
            .iter()
            .position(|holder| holder.as_ref().is_some_and(|(holder, _)| holder == badge));
        let Some(slot) = held else {
            return Outcome::Refused(refused(RefusalCode::NotHolder));
        };
        posted.holders[slot] = None;
        posted.returned.insert(badge.to_owned());
        posted.standing = Standing::Open;
        posted.round += 1;
        let (round, tier) = (posted.round, posted.tier);
        let sequence = self.record();
        let to = self.eligible(key, |belongs| belongs <= tier);
        self.push(
            badge,
            News::Unassigned {
                vacancy: key,
                because,
            },
        );
        let what = What::Reoffered {
            slot: slot as u16,
            badge: badge.to_owned(),
            because,
            round,
            recipients: to.len() as u32,
        };
        self.happened(key, what);
        self.offer(key, &to);
        Outcome::Done { sequence }
    }

    fn cancel(&mut self, key: VacancyKey, reason: String) -> Outcome {
        let sequence = self.record();
        let posted = self.vacancies.get_mut(&key).unwrap();
        posted.standing = Standing::Cancelled;
        let holders: Vec<String> = posted
            .holders
            .iter_mut()
            .filter_map(Option::take)
            .map(|h| h.0)
            .collect();
        let offered: Vec<String> = posted
            .offered
            .difference(&holders.iter().cloned().collect())
            .cloned()
            .collect();
        self.happened(key, What::Cancelled { reason });
        for badge in holders {
            let because = Unassignment::Cancelled;
            self.push(
                &badge,
                News::Unassigned {
                    vacancy: key,
                    because,
                },
            );
        }
        for badge in offered {
            let because = Withdrawal::Cancelled;
            self.push(
                &badge,
                News::Withdrawn {
                    vacancy: key,
                    because,
                },
            );
        }
        Outcome::Done { sequence }
    }

    /// Whether the officer has this rank: eligible for the work if only this rank were asked.
    fn world_rank(&self, badge: &str, facts: &Facts, rank: protocol::Rank) -> bool {
        let only = Facts {
            slots: vec![rank],
            ..facts.clone()
        };
        match self.world.judge(badge, &only, now_us()) {
            Ok(_) => true,
            Err(reason) => !reason.contains("rank"),
        }
    }
}

impl Posted {
    fn offer(&self, tier: u8) -> Offer {
        Offer {
            vacancy: self.vacancy.key,
            round: self.round,
            tier,
            lead: self.vacancy.lead.clone(),
            programme: self.vacancy.programme.clone(),
            segments: Vec::new(),
            slots: self.vacancy.slots.clone(),
            slots_open: 1,
            offered_at_us: now_us(),
        }
    }

    fn row(&self) -> BoardRow {
        let slots = self.vacancy.slots.iter().zip(&self.holders);
        BoardRow {
            vacancy: self.vacancy.key,
            lead: self.vacancy.lead.clone(),
            programme: self.vacancy.programme.clone(),
            segments: Vec::new(),
            standing: self.standing,
            tier: self.tier,
            round: self.round,
            offered: self.offered.len() as u32,
            slots: slots
                .map(|(rank, holder)| BoardSlot {
                    rank: *rank,
                    holder: holder.as_ref().map(|(badge, _)| badge.clone()),
                })
                .collect(),
        }
    }
}

fn refused(code: RefusalCode) -> Refused {
    Refused {
        code,
        sentence: format!("{code:?}"),
        place: None,
        behind_us: None,
        clauses: Vec::new(),
    }
}
