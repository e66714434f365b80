//! The fast checker: is there a sequential order, consistent with real time, in which the
//! specification gives exactly the answers that were heard?
//!
//! In general this takes exponential time (Wing and Gong, 1993). Here the answers give most of
//! the order away: every write cites its sequence, so the order of the writes is given and has
//! only to be verified, against real time and against the specification. What is left are reads:
//! refusals, confirmations and retries. A read must fit into some gap between two writes. Reads
//! are taken by the time they were invoked, and each gets the first gap that permits it; since
//! real time and retries only ever say "not before", the first gap is never a wrong choice.
//!
//! An order that is found is a certificate, and [`certify`] verifies it without any of this.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use engine::core::Refusal;

use super::call::{Answer, Call};
use super::floor::{Desk, Floor, Verdict};

/// Why there is no such order. Numbers are places in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Breach {
    /// One request heard two answers.
    ChangedOnRetry(usize, usize),
    /// One sequence was cited by two operations.
    CitedTwice(usize, usize),
    /// The second was answered before the first was invoked, and its sequence is higher.
    AgainstRealTime(usize, usize),
    /// The specification does not permit this write at its place in the order.
    NotPermitted(usize),
    /// No moment between its invocation and its answer permits what was answered.
    NoMoment(usize),
}

/// One operation with the time in which it must have taken effect.
#[derive(Debug, Clone, Copy)]
struct Span {
    call: usize,
    from: u64,
    until: u64,
}

/// A read, and what it waits for besides real time.
#[derive(Debug, Clone, Copy)]
struct Read {
    span: Span,
    kind: ReadKind,
    /// Takes effect before this operation.
    before: Option<usize>,
    /// Takes effect after this operation.
    after: Option<usize>,
}

/// In the order in which reads of one moment take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ReadKind {
    /// Judged, and forgotten.
    Judged,
    /// Judged, and remembered.
    Remembered,
    /// Heard from memory, whatever the floor looks like.
    Repeated,
}

/// The order that explains `calls`, as places in it, beginning with `floor` at sequence `last`.
pub(crate) fn explain(floor: &Floor, last: u64, calls: &[Call]) -> Result<Vec<usize>, Breach> {
    let mut sorting = Sorting::default();
    let mut requests: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, call) in calls.iter().enumerate() {
        requests.entry(call.identity()).or_default().push(place);
    }
    for group in requests.values() {
        sorting.sort(calls, group)?;
    }
    let writes = Writes::order(floor, last, calls, &mut sorting)?;
    writes.place(calls, sorting.reads)
}

/// Whether `order` is an order of all `calls`, contradicts real time nowhere, and is what the
/// specification does step by step.
pub(crate) fn certify(floor: &Floor, last: u64, calls: &[Call], order: &[usize]) -> bool {
    let mut seen = vec![false; calls.len()];
    let mut desk = Desk::new(floor.clone(), last);
    let mut latest = 0;
    for &place in order {
        let Some(call) = calls.get(place) else {
            return false;
        };
        latest = latest.max(call.invoked);
        let again = std::mem::replace(&mut seen[place], true);
        if again || call.answered < latest || !desk.take(call) {
            return false;
        }
    }
    seen.into_iter().all(|seen| seen)
}

/// Operations sorted into those that may be writes and those that are reads.
#[derive(Default)]
struct Sorting {
    /// By cited sequence; confirmations of an award cite it as well.
    citing: BTreeMap<u64, Vec<Span>>,
    reads: Vec<Read>,
}

impl Sorting {
    /// Sorts the calls of one request: one of them was judged and remembered, those before it
    /// were judged and forgotten, those after it were repeated.
    fn sort(&mut self, calls: &[Call], group: &[usize]) -> Result<(), Breach> {
        let span = |place: usize| Span {
            call: place,
            from: calls[place].invoked,
            until: calls[place].answered,
        };
        let heard = |place: &usize| calls[*place].answer.is_remembered();
        let kept: Vec<usize> = group.iter().copied().filter(heard).collect();
        // Whoever of them was first: all others can have been repeated right after it.
        let first = kept.iter().copied().min_by_key(|p| calls[*p].invoked);
        let Some(first) = first else {
            return self.forgotten(calls, group, span);
        };
        let mut judged = span(first);
        for &place in &kept {
            let same = (calls[place].op, &calls[place].answer);
            if same != (calls[first].op, &calls[first].answer) {
                return Err(Breach::ChangedOnRetry(first, place));
            }
            judged.until = judged.until.min(calls[place].answered);
        }
        for &place in group.iter().filter(|place| !heard(place)) {
            let call = &calls[place];
            if call.answer.says(&Refusal::RequestReused) {
                if call.op == calls[first].op {
                    return Err(Breach::ChangedOnRetry(first, place));
                }
                judged.until = judged.until.min(call.answered);
            } else if call.op == calls[first].op || !call.answer.says(&Refusal::Filled) {
                judged.from = judged.from.max(call.invoked);
            }
        }
        if judged.from > judged.until {
            return Err(Breach::NoMoment(first));
        }
        for &place in group.iter().filter(|place| **place != first) {
            self.reads.push(around(calls, judged, span(place)));
        }
        match calls[first].answer.sequence() {
            Some(cited) => self.citing.entry(cited).or_default().push(judged),
            None => self.read(judged, ReadKind::Remembered),
        }
        Ok(())
    }

    /// Sorts the calls of a request that nothing was remembered of.
    fn forgotten(
        &mut self,
        calls: &[Call],
        group: &[usize],
        span: impl Fn(usize) -> Span,
    ) -> Result<(), Breach> {
        for &place in group {
            if calls[place].answer.says(&Refusal::RequestReused) {
                return Err(Breach::NoMoment(place));
            }
            self.read(span(place), ReadKind::Judged);
        }
        Ok(())
    }

    fn read(&mut self, span: Span, kind: ReadKind) {
        self.reads.push(Read {
            span,
            kind,
            before: None,
            after: None,
        });
    }
}

/// Another call of the request whose remembered answer is `judged`.
fn around(calls: &[Call], judged: Span, mut span: Span) -> Read {
    let (call, first) = (&calls[span.call], &calls[judged.call]);
    let is_repeated = call.answer.is_remembered() || call.answer.says(&Refusal::RequestReused);
    if is_repeated {
        span.from = span.from.max(judged.from);
        return Read {
            span,
            kind: ReadKind::Repeated,
            before: None,
            after: Some(judged.call),
        };
    }
    // A gate turns a loser away without a look at what the request was used for before.
    let at_the_gate = call.op != first.op && call.answer.says(&Refusal::Filled);
    if !at_the_gate {
        span.until = span.until.min(judged.until);
    }
    Read {
        span,
        kind: ReadKind::Judged,
        before: (!at_the_gate).then_some(judged.call),
        after: None,
    }
}

/// The writes in the order of their sequences, and the floor between any two of them.
struct Writes {
    spans: Vec<Span>,
    /// `floors[n]` is the floor after `n` writes.
    floors: Vec<Floor>,
    /// The latest beginning of the writes up to each.
    latest_from: Vec<u64>,
    /// The earliest end of the writes from each.
    earliest_until: Vec<u64>,
    /// How many writes there are up to this call, by place in the history.
    number: BTreeMap<usize, usize>,
}

impl Writes {
    fn order(
        floor: &Floor,
        last: u64,
        calls: &[Call],
        sorting: &mut Sorting,
    ) -> Result<Writes, Breach> {
        let mut writes = Writes {
            spans: Vec::new(),
            floors: vec![floor.clone()],
            latest_from: Vec::new(),
            earliest_until: Vec::new(),
            number: BTreeMap::new(),
        };
        for (cited, spans) in std::mem::take(&mut sorting.citing) {
            let here = writes.floors.last().expect("the floor before all writes");
            let writer = writer_of(here, calls, &spans);
            // An award from before the history has no writer in it, only confirmations.
            if let Some(writer) = writer.filter(|_| cited > last) {
                writes.push(calls, writer)?;
            }
            for span in spans {
                let answer = &calls[span.call].answer;
                match (writer, answer) {
                    (Some(writer), _) if writer.call == span.call && cited > last => {}
                    (_, Answer::Won(_)) => sorting.read(span, ReadKind::Remembered),
                    (Some(writer), _) => {
                        return Err(Breach::CitedTwice(writer.call, span.call));
                    }
                    (None, _) => return Err(Breach::NotPermitted(span.call)),
                }
            }
        }
        let mut earliest = u64::MAX;
        writes.earliest_until = vec![0; writes.spans.len()];
        for (place, span) in writes.spans.iter().enumerate().rev() {
            earliest = earliest.min(span.until);
            writes.earliest_until[place] = earliest;
        }
        Ok(writes)
    }

    fn push(&mut self, calls: &[Call], writer: Span) -> Result<(), Breach> {
        let latest = self.latest_from.last().copied().unwrap_or(0);
        if writer.until < latest {
            let later = self.spans.iter().find(|span| span.from == latest);
            let later = later.expect("the latest beginning is that of a write");
            return Err(Breach::AgainstRealTime(later.call, writer.call));
        }
        let mut floor = self
            .floors
            .last()
            .expect("the floor before all writes")
            .clone();
        let call = &calls[writer.call];
        floor.perform(call.op, &call.answer);
        self.floors.push(floor);
        self.latest_from.push(latest.max(writer.from));
        self.spans.push(writer);
        self.number.insert(writer.call, self.spans.len());
        Ok(())
    }

    /// Gives every read the first gap that permits it, and puts everything in order.
    fn place(&self, calls: &[Call], mut reads: Vec<Read>) -> Result<Vec<usize>, Breach> {
        reads.sort_by_key(|read| (read.span.from, read.kind, read.span.call));
        let mut gaps: BTreeMap<usize, usize> = BTreeMap::new();
        let mut placed: Vec<(usize, usize)> = Vec::with_capacity(reads.len());
        // Reads that may still be under way, the first to end first; and the gap not before which
        // everything that has ended was placed.
        let mut under_way = BinaryHeap::new();
        let mut ended = 0;
        // The last gap of those that must take effect before a call.
        let mut awaited: BTreeMap<usize, usize> = BTreeMap::new();
        for read in &reads {
            let Span { call, from, until } = read.span;
            while let Some(&Reverse((end, gap))) = under_way.peek()
                && end < from
            {
                ended = ended.max(gap);
                under_way.pop();
            }
            let of = |other: usize| self.number.get(&other).or(gaps.get(&other)).copied();
            let lowest = self.earliest_until.partition_point(|&end| end < from);
            let lowest = lowest
                .max(ended)
                .max(awaited.get(&call).copied().unwrap_or(0))
                .max(read.after.and_then(of).unwrap_or(0));
            let highest = self.latest_from.partition_point(|&begin| begin <= until);
            let before = read.before.and_then(|other| self.number.get(&other));
            let highest = before.map_or(highest, |number| highest.min(number - 1));
            let permitted = |gap: &usize| {
                let asked = &calls[call];
                read.kind == ReadKind::Repeated || self.floors[*gap].allows(asked)
            };
            let gap = (lowest..=highest).find(permitted);
            let gap = gap.ok_or(Breach::NoMoment(call))?;
            gaps.insert(call, gap);
            if let Some(other) = read.before {
                let awaited = awaited.entry(other).or_default();
                *awaited = gap.max(*awaited);
            }
            under_way.push(Reverse((until, gap)));
            placed.push((gap, call));
        }
        // Stable: reads of one gap stay in the order in which they were taken.
        placed.sort_by_key(|(gap, _)| *gap);
        let mut order = Vec::with_capacity(calls.len());
        let mut rest = placed.into_iter().peekable();
        for gap in 0..self.floors.len() {
            order.extend(gap.checked_sub(1).map(|write| self.spans[write].call));
            while let Some((_, call)) = rest.next_if(|(there, _)| *there == gap) {
                order.push(call);
            }
        }
        Ok(order)
    }
}

/// Which of the operations that cite one sequence wrote it: the first that could have. The others
/// can have been confirmed right after it.
fn writer_of(floor: &Floor, calls: &[Call], spans: &[Span]) -> Option<Span> {
    let could = |span: &&Span| {
        let call = &calls[span.call];
        let answer = &call.answer;
        floor.judge(call.op).is_write(answer) && floor.permits(call.op, answer)
    };
    spans.iter().filter(could).min_by_key(|s| s.from).copied()
}

impl Floor {
    /// Whether this read may be answered on this floor as it was.
    fn allows(&self, call: &Call) -> bool {
        let verdict: Verdict = self.judge(call.op);
        !verdict.is_write(&call.answer) && self.permits(call.op, &call.answer)
    }
}
